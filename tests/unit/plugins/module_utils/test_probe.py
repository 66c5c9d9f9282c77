# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts, prerequisites, deadlines."""

from __future__ import annotations

from ansible_collections.onprem.wandb.plugins.module_utils._probe import Finding, Prober, Remark, Skipped, findings, report


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(finding: Exception):
    def question():
        raise finding

    return question


def test_each_outcome_has_its_verdict():
    prober = Prober(10)
    assert prober.run("good", lambda: {"status": 200})
    assert prober.run("note", fail(Remark("do this", seen=1)))
    assert not prober.run("bad", fail(Finding("do that", seen=2)))
    assert not prober.run("skipped", fail(Skipped("", reason="check mode")))
    assert not prober.run("broken", fail(ConnectionResetError("gone")))
    assert [(result["name"], result["verdict"]) for result in prober.results] == [
        ("good", "pass"),
        ("note", "notice"),
        ("bad", "fail"),
        ("skipped", "skip"),
        ("broken", "fail"),
    ]
    assert prober.results[2]["evidence"] == {"seen": 2}
    assert prober.results[2]["remedy"] == "do that"
    assert "gone" in prober.results[4]["remedy"]


def test_one_broken_thing_is_one_finding():
    prober = Prober(10)
    prober.run("connect", fail(Finding("start it")))
    prober.run("put", lambda: {}, needs=["connect"])
    prober.run("get", lambda: {}, needs=["put"])
    assert findings(prober.results) == ["connect"]
    assert prober.results[1]["evidence"] == {"reason": "needs connect"}


def test_a_notice_is_enough_to_go_on():
    prober = Prober(10)
    prober.run("tls", fail(Remark("use https")))
    assert prober.run("put", lambda: {}, needs=["tls"])


def test_after_the_deadline_only_the_clean_up_is_asked():
    clock = Clock()
    prober = Prober(10, clock=clock)
    clock.now = 11
    assert not prober.run("get", lambda: {})
    assert "not asked within 10 s" in prober.results[0]["evidence"]["reason"]
    assert prober.run("delete", lambda: {}, late=True)


def test_findings_can_be_accepted_and_notices_can_count():
    probes = [{"name": "a", "verdict": "fail"}, {"name": "b", "verdict": "notice"}, {"name": "c", "verdict": "pass"}]
    assert findings(probes) == ["a"]
    assert findings(probes, accepted=["a"]) == []
    assert findings(probes, strict=True) == ["a", "b"]


def test_the_report_has_what_was_seen_and_what_to_do():
    probes = [{"name": "clock", "verdict": "fail", "evidence": {"seconds": 1000}, "remedy": "look at chrony"}]
    text = report("Bucket b", probes, ["clock"])
    assert "Bucket b: 1 of 1 probes" in text
    assert "clock: seen seconds=1000. look at chrony" in text
