# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows of accept: each fails in the one case that it is there for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify import acceptance
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify.model import Row

NEEDS = {"connect": "resolve", "tls": "connect", "api_key": "tls", "log": "api_key, program", "cors": "file", "verify": "log", "clean": "api_key, program"}
NEEDS |= dict.fromkeys(("metrics", "table", "file", "artifact"), "log")
QUESTIONS = ("resolve", "connect", "tls", "api_key", "program", "log", "metrics", "table", "file", "artifact", "cors", "verify", "clean")


def machine(wrong: str = "", left_out: str = "") -> dict[str, Any]:
    """What wandb_client_check returns, with one question that found something or that was left out; what needs it was not asked."""
    probes: list[dict[str, Any]] = []
    bad: set[str] = set()
    for name in QUESTIONS:
        needed = NEEDS.get(name, "")
        probe = {"name": name, "verdict": "pass", "evidence": {"seen": name}, "remedy": ""}
        if name == wrong:
            probe |= {"verdict": "fail", "evidence": {"error": "broken"}, "remedy": "It is broken. Next: curl https://wandb.example.com"}
        elif name == left_out:
            probe |= {"verdict": "skip", "evidence": {"reason": "in check mode nothing is written"}}
        elif bad & set(needed.split(", ")):
            probe |= {"verdict": "skip", "evidence": {"reason": f"needs {needed}"}}
        if probe["verdict"] != "pass":
            bad.add(name)
        probes.append(probe)
    return {"probes": probes, "findings": [wrong] if wrong else []}


def rows(**machines: dict[str, Any]) -> dict[str, Row]:
    return {row.id: row for row in acceptance.all_rows(machines)}


def test_every_question_has_a_row_and_all_pass() -> None:
    assert sorted(name for *_words, names in acceptance.ROWS for name in names) == sorted(QUESTIONS)
    found = rows(controller=machine(), trainer1=machine())
    assert {row.result for row in found.values()} == {"pass"}
    assert found["AC-03"].measured == "controller, trainer1: seen api_key"


@pytest.mark.parametrize(("number", "name"), [(number, name) for number, *_words, names in acceptance.ROWS for name in names])
def test_a_row_fails_with_its_question_on_one_machine(number: str, name: str) -> None:
    found = rows(controller=machine(), trainer1=machine(name))
    assert found[number].result == "fail"
    assert found[number].measured == "trainer1: error broken. It is broken. Next: curl https://wandb.example.com"
    for row in found.values():
        assert row.result == "pass" or "trainer1" in row.measured
        assert row.id == number or row.result == "pass" or "not asked, because of the row that says what is wrong with %s" % name in row.measured


def test_what_check_mode_leaves_out_is_no_failure() -> None:
    found = rows(controller=machine(left_out="log"))
    assert [row.id for row in found.values() if row.result == "n.a."] == ["AC-04", "AC-05", "AC-06", "AC-07", "AC-08", "AC-09"]
    assert found["AC-08"].measured == "controller: not asked: in check mode nothing is written"


def test_a_machine_that_cannot_be_asked_stands_against_every_row() -> None:
    found = rows(controller=machine(), trainer1={"failed": True, "msg": "UNREACHABLE: no route to host"})
    assert {row.result for row in found.values()} == {"fail"}
    assert found["AC-01"].measured == "trainer1: not measured: UNREACHABLE: no route to host"
