# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: findings as text for a terminal and as data for a program."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

from .._report import fold, labelled
from .model import PROBLEM, WARNING, Finding


def split(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Problems and warnings."""
    return [item for item in findings if item.severity == PROBLEM], [item for item in findings if item.severity == WARNING]


def block(title: str, findings: Sequence[Finding]) -> str:
    """A titled list; nothing when there are no findings."""
    entries = [
        labelled("%s: %s" % (item.host, item.variable), [("seen", item.value), ("expected", item.expected), ("next", item.remedy)], 4) for item in findings
    ]
    return "%s\n%s\n" % ("\n".join(fold(title)), "\n".join(entries)) if entries else ""


def counted(number: int, word: str) -> str:
    return "%d %s%s" % (number, word, "" if number == 1 else "s")


def text(findings: Sequence[Finding], secrets: Sequence[str], directory: str, hosts: int, rules: int) -> str:
    """The whole report."""
    problems, warnings = split(findings)
    parts = [
        block("PREFLIGHT: %s, nothing was changed" % counted(len(problems), "problem"), problems),
        block("PREFLIGHT: %s" % counted(len(warnings), "warning"), warnings),
    ]
    if not problems:
        parts += fold("PREFLIGHT: %s checked against %s, no problem found." % (counted(hosts, "host"), counted(rules, "rule")))
    if secrets:
        parts += fold("PREFLIGHT: not supplied and not there yet, will be generated in %s: %s." % (directory, ", ".join(secrets)))
    return "\n".join(part for part in parts if part)


def data(findings: Sequence[Finding], secrets: Sequence[str]) -> dict[str, Any]:
    """The report for a program."""
    return {"findings": [dataclasses.asdict(item) for item in findings], "secrets_to_generate": list(secrets)}


def keep(path: str, content: str) -> str:
    """Write a report to a file on the controller, where somebody asked for it. Returns a sentence when that fails: the table was printed before."""
    if not path:
        return ""
    try:
        pathlib.Path(path).expanduser().write_text(content, encoding="utf-8")
    except OSError as error:
        return "The report could not be written to %s (%s): name a file in a directory that exists." % (path, error.strerror or error)
    return ""
