# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with an instance of W&B, and how to say it to a human."""

from __future__ import annotations

import re
import typing as t
from dataclasses import asdict, dataclass, field

# In the order in which an operator should look at them: a later one often follows from an earlier one.
CHECKS = ("api", "resource", "operator", "release", "workloads", "routes", "readiness")

_CREDENTIALS = re.compile(r"(?P<scheme>[a-z0-9+.-]+://)[^\s/@:]*:[^\s/@]+@", re.IGNORECASE)
_ASSIGNMENT = re.compile(
    r"(?P<key>(?:password|passwd|secret|secret_?key|access_?key|token|license)[\"']?\s*[:=]\s*[\"']?)"
    r"(?!(?:yes|no|true|false)\b)[^\s\"',;&]+",
    re.IGNORECASE,
)


@dataclass
class Problem:
    """One thing that keeps W&B from serving."""

    check: str
    subject: str
    message: str
    # Waiting cannot mend it: somebody has to do something first.
    fatal: bool = False
    # Where to look for the last words of the program: namespace, pod, container, previous.
    log_from: dict[str, t.Any] | None = None
    # The page that its readiness probe asks for: namespace, pod, port, path.
    probe_from: dict[str, t.Any] | None = None
    # Object whose events explain it, as "Kind/name".
    events_of: str | None = None
    details: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, t.Any]:
        result = asdict(self)
        for key in ("log_from", "probe_from", "events_of"):
            result.pop(key)
        return result


def masked(text: str) -> str:
    """Text of somebody else's program without the credentials that it may hold."""
    return _ASSIGNMENT.sub(r"\g<key>***", _CREDENTIALS.sub(r"\g<scheme>***@", text))


def last_lines(text: str, count: int, width: int = 240, without: t.Collection[str] = ()) -> list[str]:
    """The last different lines that say something: those `without` the given words, or any where nothing else is there."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not any(word in line for word in without)] or lines
    seen: dict[str, list[str]] = {}
    for line in reversed(lines):
        # A program that tries again says the same thing with another time in front.
        seen.setdefault(re.sub(r"\d+", "0", line), []).append(line)
    shown = [(same[0], len(same)) for same in list(seen.values())[:count]]
    return [masked(_cut(line, width)) + (f" (said {times} times)" if times > 1 else "") for line, times in reversed(shown)]


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 3] + "..."


def verdicts(problems: t.Iterable[Problem], looked_at: t.Collection[str]) -> dict[str, bool | None]:
    """Verdict of each check: null where nothing was looked at, because something more basic failed."""
    failed = {problem.check for problem in problems}
    return {name: False if name in failed else True if name in looked_at else None for name in CHECKS}


def render(
    target: str,
    problems: t.Sequence[Problem],
    checks: t.Mapping[str, bool | None],
    waited: float | None = None,
    next_command: str | None = None,
) -> str:
    """The report: a sentence, then one numbered entry per problem with its evidence below it."""
    if not problems:
        return f"{target} is serving."
    after = "" if waited is None else f" after {waited:.0f} s"
    count = "one thing is" if len(problems) == 1 else f"{len(problems)} things are"
    lines = [f"{target} is not serving{after}; {count} not as expected:"]
    order = {name: index for index, name in enumerate(CHECKS)}
    for number, problem in enumerate(sorted(problems, key=lambda entry: order.get(entry.check, len(order))), start=1):
        lines.append(f"{number}. [{problem.check}] {problem.subject}: {problem.message}")
        lines.extend(f"     {detail}" for detail in problem.details)
    for title, verdict in (("Fine", True), ("Not looked at, because of the above", None)):
        names = [name for name in checks if checks[name] is verdict]
        if names:
            lines.append(f"{title}: {', '.join(names)}.")
    if next_command:
        lines.append(f"Next: {next_command}")
    return "\n".join(lines)
