# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the bucket check from several machines as one matrix. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ._preflight.table import table

WORDS = {"pass": "ok", "notice": "note", "fail": "FAIL", "skip": "-"}


def probes(answer: t.Mapping[str, t.Any]) -> dict[str, t.Mapping[str, t.Any]]:
    """Probes by name; none when the module could not be run."""
    return {probe["name"]: probe for probe in answer.get("probes") or []}


def cell(probe: t.Optional[t.Mapping[str, t.Any]]) -> str:
    """Verdict, and how long it took where something was asked."""
    if probe is None:
        return "?"
    word = WORDS[probe["verdict"]]
    return word if probe["verdict"] == "skip" else "%s %d ms" % (word, round(probe["milliseconds"]))


def told(machine: str, probe: t.Mapping[str, t.Any]) -> str:
    """A finding as a sentence."""
    seen = ", ".join("%s=%r" % item for item in probe["evidence"].items()) or "nothing"
    return "%s, %s: seen %s. %s" % (machine, probe["name"], seen, probe["remedy"])


def shared(notices: t.Iterable[tuple[str, t.Mapping[str, t.Any]]]) -> list[str]:
    """One sentence for what several machines say alike."""
    by_text: dict[str, list[str]] = {}
    for machine, probe in notices:
        by_text.setdefault(told("", probe), []).append(machine)
    return [", ".join(machines) + text for text, machines in by_text.items()]


def matrix(answers: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, list[str]]:
    """Lines for a terminal, and sentences of what stands against the bucket; a machine that could not ask is one."""
    machines = list(answers)
    asked = {machine: probes(answer) for machine, answer in answers.items()}
    names = list(dict.fromkeys(name for found in asked.values() for name in found))
    rows = [[name, *(cell(asked[machine].get(name)) for machine in machines)] for name in names]
    lines = table(["question", *machines], rows, [20, *[14] * len(machines)]).splitlines() if rows else []
    silent = {machine: str(answer.get("msg") or "no answer") for machine, answer in answers.items() if not asked[machine]}
    bad = [told(machine, asked[machine][name]) for machine, answer in answers.items() for name in answer.get("findings") or []]
    notes = shared((machine, probe) for machine in machines for probe in asked[machine].values() if probe["verdict"] == "notice")
    findings = [*("%s could not ask: %s" % item for item in silent.items()), *bad]
    if not answers:
        findings = ["No machine has asked. Expected the controller and the hosts of kube_control_plane, kube_node and minio."]
    counted = "%d machines, %d questions, %d findings, %d notes" % (len(machines), len(names), len(findings), len(notes))
    return {"lines": [*lines, *notes, counted], "findings": findings}
