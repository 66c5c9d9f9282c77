# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the bucket check from several machines as one matrix. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ._report import GAP, WIDTH, table, widths

QUESTION, MACHINE = 20, 14  # columns at most
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


def tables(names: t.Sequence[str], columns: t.Mapping[str, t.Sequence[str]]) -> list[str]:
    """One column for each machine. Machines that do not fit beside the others come in a further table."""
    left = widths([["question"], *([name] for name in names)], [QUESTION])[0]
    blocks: list[list[str]] = []
    used = WIDTH
    for machine, cells in columns.items():
        own = len(GAP) + widths([[machine], *([cell] for cell in cells)], [MACHINE])[0]
        if used + own > WIDTH:
            blocks.append([])
            used = left
        blocks[-1].append(machine)
        used += own
    lines: list[str] = []
    for block in blocks if names else []:
        rows = [[name, *(columns[machine][number] for machine in block)] for number, name in enumerate(names)]
        lines += [*([""] if lines else []), *table(["question", *block], rows, [QUESTION, *[MACHINE] * len(block)]).splitlines()]
    return lines


def matrix(answers: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, list[str]]:
    """Lines for a terminal, and sentences of what stands against the bucket; a machine that could not ask is one."""
    machines = list(answers)
    asked = {machine: probes(answer) for machine, answer in answers.items()}
    names = list(dict.fromkeys(name for found in asked.values() for name in found))
    lines = tables(names, {machine: [cell(asked[machine].get(name)) for name in names] for machine in machines})
    silent = {machine: str(answer.get("msg") or "no answer") for machine, answer in answers.items() if not asked[machine]}
    bad = [told(machine, asked[machine][name]) for machine, answer in answers.items() for name in answer.get("findings") or []]
    notes = shared((machine, probe) for machine in machines for probe in asked[machine].values() if probe["verdict"] == "notice")
    findings = [*("%s could not ask: %s" % item for item in silent.items()), *bad]
    if not answers:
        findings = ["No machine has asked. Expected the controller and the hosts of kube_control_plane, kube_node and minio."]
    counted = "%d machines, %d questions, %d findings, %d notes" % (len(machines), len(names), len(findings), len(notes))
    return {"lines": [*lines, *notes, counted], "findings": findings}
