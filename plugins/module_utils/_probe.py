# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes: small questions with a verdict, the evidence for it and, where it is bad, the remedy.

This is PRIVATE to the collection. The checks of S3 and of Redis share it, and so does everything that prints their result.
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Mapping, Sequence

PASS = "pass"
NOTICE = "notice"  # works, but the operator should know
FAIL = "fail"
SKIP = "skip"  # not asked, because of the reason in the evidence

Evidence = dict[str, t.Any]

# Options of the documentation fragment of the same name.
ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "report_only": {"type": "bool", "default": False},
    "accept_findings": {"type": "list", "elements": "str", "default": []},
}


class Finding(Exception):
    """The service answers otherwise than W&B needs."""

    verdict = FAIL

    def __init__(self, remedy: str, **evidence: t.Any) -> None:
        super().__init__(remedy)
        self.remedy = remedy
        self.evidence: Evidence = evidence


class Remark(Finding):
    """It works, but the operator should know."""

    verdict = NOTICE


class Skipped(Finding):
    """The question was not asked; the text says why."""

    verdict = SKIP


class Prober:
    """Runs probes one after the other and keeps their results.

    A probe whose prerequisite did not pass is skipped: one broken thing is one finding, not twenty.
    """

    def __init__(
        self,
        deadline: float,
        translate: t.Optional[Callable[[Exception], Finding]] = None,
        errors: tuple[type[Exception], ...] = (OSError,),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._seconds = deadline
        self._end = clock() + deadline
        self._translate = translate
        self._errors = errors
        self.results: list[dict[str, t.Any]] = []

    def run(self, name: str, question: Callable[[], t.Optional[Evidence]], needs: Sequence[str] = (), late: bool = False) -> bool:
        """Ask one question, when it is a clean-up also after the deadline. True when the answer is good enough to go on."""
        start = self._clock()
        verdict, evidence, remedy = self._ask(question, needs, late)
        self.results.append(
            {
                "name": name,
                "verdict": verdict,
                "evidence": evidence,
                "milliseconds": round((self._clock() - start) * 1000, 1),
                "remedy": remedy,
            }
        )
        return verdict in (PASS, NOTICE)

    def _ask(self, question: Callable[[], t.Optional[Evidence]], needs: Sequence[str], late: bool) -> tuple[str, Evidence, str]:
        missing = [name for name in needs if self.verdict(name) not in (PASS, NOTICE)]
        if missing:
            return SKIP, {"reason": f"needs {', '.join(missing)}"}, ""
        if self._clock() >= self._end and not late:
            return FAIL, {"reason": f"not asked within {self._seconds:g} s"}, "Find out why the answers before this one took so long, or raise deadline."
        try:
            return PASS, question() or {}, ""
        except Finding as finding:
            return finding.verdict, finding.evidence, finding.remedy
        except self._errors as error:
            known = self._translate(error) if self._translate else Finding(f"{type(error).__name__}: {error}")
            return known.verdict, known.evidence, known.remedy

    def verdict(self, name: str) -> str:
        """The verdict of a probe that ran, or skip."""
        return next((result["verdict"] for result in self.results if result["name"] == name), SKIP)


def findings(probes: Sequence[Mapping[str, t.Any]], accepted: Sequence[str] = (), strict: bool = False) -> list[str]:
    """Names of the probes that stand against the service; strict counts notices, too."""
    bad = (FAIL, NOTICE) if strict else (FAIL,)
    return [probe["name"] for probe in probes if probe["verdict"] in bad and probe["name"] not in accepted]


def report(subject: str, probes: Sequence[Mapping[str, t.Any]], names: Sequence[str]) -> str:
    """One paragraph for a person: what was seen and what to do, for each of the named probes."""
    lines = [f"{subject}: {len(names)} of {len(probes)} probes found something."]
    for probe in probes:
        if probe["name"] in names:
            seen = ", ".join(f"{key}={value!r}" for key, value in probe["evidence"].items())
            lines.append(f"- {probe['name']}: seen {seen or 'nothing'}. {probe['remedy']}")
    return "\n".join(lines)
