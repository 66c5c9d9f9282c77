# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: how every report of ours looks. Plain text in 80 columns, whatever callback shows the run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

WIDTH = 80
HANG = 4  # columns by which the rest of a folded line is set in


def fold(line: str, width: int = WIDTH) -> list[str]:
    """One line as several of at most width columns, the rest set in. A word that is longer than a line (a GTID set, a path) is broken, never cut off."""
    found = []
    for part in line.splitlines() or [""]:
        words = part.lstrip()
        before = " " * min(len(part) - len(words), width // 2)
        rest = before + " " * HANG
        found += textwrap.wrap(words, width, initial_indent=before, subsequent_indent=rest, break_on_hyphens=False) or [""]
    return found


def text(title: str, lines: Iterable[str], width: int = WIDTH) -> str:
    """The whole report: an empty line, the title in capitals, the lines."""
    head = fold(title.upper(), width) if title else []
    return "\n".join(["", *head, *(part for line in lines for part in fold(line, width))])
