# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: aligned tables for a terminal. Shared by preflight and verify."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

GAP = "  "


def widths(rows: Sequence[Sequence[str]], limits: Sequence[int]) -> list[int]:
    """Width per column: what the longest cell wants, at most the limit."""
    return [min(limit, max(len(row[index]) for row in rows)) for index, limit in enumerate(limits)]


def fold(cell: str, width: int) -> list[str]:
    """A cell as lines of the given width; long words are broken rather than pushing the table out of shape."""
    return textwrap.wrap(cell, width, break_on_hyphens=False) or [""]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], limits: Sequence[int]) -> str:
    """Heads, a rule and the rows; cells that are too long are folded inside their column."""
    columns = widths([heads, *rows], limits)
    lines = [GAP.join(head.ljust(width) for head, width in zip(heads, columns)), GAP.join("-" * width for width in columns)]
    for row in rows:
        cells = [fold(cell, width) for cell, width in zip(row, columns)]
        for number in range(max(len(cell) for cell in cells)):
            parts = [(cell[number] if number < len(cell) else "").ljust(width) for cell, width in zip(cells, columns)]
            lines.append(GAP.join(parts).rstrip())
    return "\n".join(line.rstrip() for line in lines)
