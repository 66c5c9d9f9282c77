#!/usr/bin/env python3
"""Run one check of the project, or all of them:  check.py <name>...  |  check.py all.  `make help` lists the names."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Callable

from workshop import agreement, changelog, dead, docs, galaxy, habits, lint, messages, references, sanity, schedule, unit
from workshop.base import CheckFailed

CHECKS: dict[str, Callable[[], str]] = {
    "habits": habits.habits,
    "yamllint": lint.yamllint,
    "ruff": lint.ruff,
    "shellcheck": lint.shellcheck,
    "changelog": changelog.changelog,
    "docs": docs.check,
    "agreement": agreement.agreement,
    "messages": messages.messages,
    "references": references.references,
    "dead": dead.dead,
    "mypy": lint.mypy,
    "unit": unit.unit,
    "ansible-lint": lint.ansible_lint,
    **{f"core-{core}": functools.partial(unit.compat, core) for core in unit.cores()},
    "sanity": sanity.sanity,
    "galaxy": galaxy.galaxy,
}
WORK = {"write-docs": docs.write}  # called by name only, no part of `all`
GROUPS = {"lint": ["yamllint", "ruff", "shellcheck", "mypy", "ansible-lint"], "compat": [f"core-{core}" for core in unit.cores()]}


def one(name: str) -> bool:
    """Run a check in this process and print its line."""
    started = time.monotonic()
    try:
        said, verdict = (CHECKS | WORK)[name](), "ok"
    except (CheckFailed, OSError) as failure:
        said, verdict = str(failure), "FAILED"
    print(f"{name}: {verdict}, {said} ({time.monotonic() - started:.1f} s)", flush=True)
    return verdict == "ok"


def main(arguments: list[str]) -> int:
    if arguments == ["all"]:
        try:
            return schedule.everything(list(CHECKS), os.environ.get("CHANGED", ""))
        except CheckFailed as failure:
            print(f"check.py: {failure}")
            return 2
    names = [name for argument in arguments for name in GROUPS.get(argument, [argument])]
    unknown = [name for name in names if name not in CHECKS | WORK]
    if unknown or not names:
        print(f"check.py: {', '.join(unknown) or 'nothing'} is no check. There are: {', '.join(CHECKS)}, and the groups {', '.join(GROUPS)}, all.")
        return 2
    verdicts = [one(name) for name in names]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
