#!/usr/bin/env python3
"""Read Ansible's log (ANSIBLE_LOG_PATH) and fail unless its last finished runs were quiet:

    quiet.py --runs 2 .lab/logs/ansible-site.log

Quiet means: every host has changed=0, failed=0, unreachable=0, and there is no warning and no deprecation.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

LINE = re.compile(r"^\S+ \S+ p=(?P<process>\d+) u=\S+ n=\S+ \w+\| ?(?P<text>.*)$")
RECAP = re.compile(r"^(?P<host>\S+)\s+: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)\s+unreachable=(?P<unreachable>\d+)\s+failed=(?P<failed>\d+)")
LOUD = re.compile(r"^\[(WARNING|DEPRECATION WARNING|ERROR)\]|^\s*\[(WARNING|DEPRECATION WARNING)\]:")


@dataclass
class Run:
    """One ansible-playbook process in the log."""

    process: str
    lines: list[str] = field(default_factory=list)

    @property
    def recap(self) -> list[re.Match[str]]:
        return [hit for line in self.lines if (hit := RECAP.match(line))]

    @property
    def finished(self) -> bool:
        return any(line.startswith("PLAY RECAP") for line in self.lines) and bool(self.recap)

    @property
    def tasks(self) -> int:
        return sum(line.startswith(("TASK [", "RUNNING HANDLER [")) for line in self.lines)

    def noise(self) -> list[str]:
        """What disturbs: one text per host that changed or failed, per task that changed, per warning."""
        found = [hit[0] for hit in self.recap if any(hit[key] != "0" for key in ("changed", "unreachable", "failed"))]
        task = ""
        for line in self.lines:
            if line.startswith(("TASK [", "RUNNING HANDLER [")):
                task = line.rstrip(" *")
            elif line.startswith("changed: ["):
                found.append(f"{task} {line}")
            elif LOUD.match(line):
                found.append(line)
        return found


def runs(text: str) -> list[Run]:
    """The runs of a log in order; lines without a header continue the one before."""
    found: list[Run] = []
    for line in text.splitlines():
        hit = LINE.match(line)
        if hit and (not found or found[-1].process != hit["process"]):
            found.append(Run(hit["process"]))
        if found:
            found[-1].lines.append(hit["text"] if hit else line)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1, help="how many of the last finished runs")
    parser.add_argument("--tasks", type=int, default=20, help="the least number of tasks such a run has; less means it was another playbook")
    parser.add_argument("log", type=Path)
    options = parser.parse_args()
    finished = [run for run in runs(options.log.read_text(encoding="utf-8", errors="replace")) if run.finished and run.tasks >= options.tasks]
    last = finished[-options.runs :]
    if len(last) < options.runs:
        print(f"quiet: {options.log} holds {len(finished)} finished runs with {options.tasks} tasks or more, expected at least {options.runs}.")
        return 1
    noise = [f"run {number} of {options.runs}: {text}" for number, run in enumerate(last, 1) for text in run.noise()]
    for text in noise:
        print(text)
    print(f"quiet: {len(noise)} disturbances in {options.runs} runs with {', '.join(str(run.tasks) for run in last)} tasks")
    return 1 if noise else 0


if __name__ == "__main__":
    sys.exit(main())
