# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: how every report of ours looks. Plain text in 80 columns, whatever callback shows the run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 80
GAP = "  "
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


def text(title: str, lines: Iterable[str], width: int = WIDTH, folded: bool = True) -> str:
    """The whole report: an empty line, the title in capitals, the lines. Commands that are to be pasted are not folded."""
    head = fold(title.upper(), width) if title else []
    return "\n".join(["", *head, *(part for line in lines for part in (fold(line, width) if folded else [line]))])


def labelled(head: str, parts: Sequence[tuple[str, str]], indent: int, width: int = WIDTH) -> str:
    """A heading and below it what belongs to it: a column of labels, and texts folded in the column beside it."""
    column = max(len(label) for label, _text in parts) + len(GAP) if any(label for label, _text in parts) else 0
    lines = fold(head, width)
    for label, content in parts:
        first, rest = " " * indent + label.ljust(column), " " * (indent + column)
        for paragraph in content.splitlines() or [""]:
            lines += textwrap.wrap(paragraph, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False) or [first.rstrip()]
            first = rest
    return "\n".join(lines)


def widths(rows: Sequence[Sequence[str]], limits: Sequence[int]) -> list[int]:
    """Width per column: what the longest cell wants, at most the limit."""
    return [min(limit, max(len(row[index]) for row in rows)) for index, limit in enumerate(limits)]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], limits: Sequence[int]) -> str:
    """Heads, a rule and the rows; heads and cells that are too long are folded inside their column."""
    columns = widths([heads, *rows], limits)
    found = []
    for row in [heads, ["-" * width for width in columns], *rows]:
        cells = [textwrap.wrap(cell, width, break_on_hyphens=False) or [""] for cell, width in zip(row, columns)]
        for number in range(max(len(cell) for cell in cells)):
            parts = [(cell[number] if number < len(cell) else "").ljust(width) for cell, width in zip(cells, columns)]
            found.append(GAP.join(parts).rstrip())
    return "\n".join(found)
