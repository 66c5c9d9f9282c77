# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: rows as text, as JSON and as JUnit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

from .._preflight.report import keep
from .._report import labelled
from .model import FAIL, NOT_APPLICABLE, PASS, Row

LONGEST = 420
HEAD = "id     result  requirement"
INDENT = len("id     result  ")


def counts(rows: Sequence[Row]) -> dict[str, int]:
    """How many rows of each result."""
    return {result: sum(1 for row in rows if row.result == result) for result in (PASS, FAIL, NOT_APPLICABLE)}


def summary(rows: Sequence[Row]) -> str:
    found = counts(rows)
    return "%d pass, %d fail, %d not applicable" % (found[PASS], found[FAIL], found[NOT_APPLICABLE])


def short(measured: str) -> str:
    """A terminal shows what fits into a few lines; the files have all of it."""
    return measured if len(measured) <= LONGEST else measured[: LONGEST - 1] + "…"


def told(row: Row) -> str:
    """One row. What was expected is said where it was not found: everybody can read that in 80 columns."""
    head = "%-5s  %-6s  %s" % (row.id, row.result.upper() if row.result == FAIL else row.result, row.requirement)
    expected = [("expected", row.expected), ("measured", short(row.measured))]
    return labelled(head, expected if row.result == FAIL else [("", short(row.measured))], INDENT)


def text(rows: Sequence[Row], title: str = "VERIFY") -> str:
    """All rows, in their order."""
    return "\n".join([HEAD, "-" * len(HEAD), *map(told, rows), "", "%s: %s" % (title, summary(rows))])


def as_json(rows: Sequence[Row]) -> str:
    """For a program."""
    return json.dumps({"summary": counts(rows), "rows": [asdict(row) for row in rows]}, indent=2) + "\n"


def outcome(rows: Sequence[Row], check_mode: bool, files: Mapping[str, str]) -> dict[str, Any]:
    """The result of the task that prints the rows: it fails when one fails, or when a file that somebody asked for (json, junit) cannot be written."""
    lost = [keep(files.get("json", ""), as_json(rows)), keep(files.get("junit", ""), as_junit(rows))]
    failing = [row.id for row in rows if row.result == FAIL]
    message = summary(rows)
    if failing and check_mode:
        # On hosts that are still bare everything is missing: in check mode that is what would change, not an error.
        message = "check mode: %s; a failing row does not fail the run." % message
    elif failing:
        message = "Requirements not met: %s; the report above says what was measured." % ", ".join(failing)
    message = " ".join([message, *filter(None, lost)])
    return {"changed": False, "failed": any(lost) or (bool(failing) and not check_mode), "msg": message}


def as_junit(rows: Sequence[Row]) -> str:
    """For a CI system: one test case per row; not applicable is skipped."""
    found = counts(rows)
    numbers = {"tests": str(len(rows)), "failures": str(found[FAIL]), "skipped": str(found[NOT_APPLICABLE])}
    suite = ElementTree.Element("testsuite", {"name": "onprem.wandb.verify", **numbers})
    for row in rows:
        case = ElementTree.SubElement(suite, "testcase", {"classname": row.id, "name": "%s: %s" % (row.requirement, row.expected)})
        if row.result == FAIL:
            ElementTree.SubElement(case, "failure", {"message": row.measured})
        elif row.result == NOT_APPLICABLE:
            ElementTree.SubElement(case, "skipped", {"message": row.measured})
        else:
            ElementTree.SubElement(case, "system-out").text = row.measured
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
