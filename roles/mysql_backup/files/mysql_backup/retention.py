# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be removed. Pure decisions: lists in, lists out."""

from __future__ import annotations

import datetime
import typing as t

from .catalog import Full


def removable(fulls: t.Sequence[Full], at: datetime.datetime, days: float, keep_min: int) -> list[Full]:
    """Fulls that may go: older than the retention, and not needed to reach its first second, and enough newer ones are proved.

    The newest proved full that is older than the retention stays: without it the first days of the retention could not be restored.
    """
    border = at - datetime.timedelta(days=days)
    rows = sorted(fulls, key=lambda one: one.at)
    proved_before = [one for one in rows if one.verified and one.at <= border]
    anchor = proved_before[-1] if proved_before else None
    if anchor is None:
        return []
    found = []
    for one in rows:
        newer = sum(1 for other in rows if other.at > one.at and other.verified)
        if one.at < anchor.at and newer >= keep_min:
            found.append(one)
    return found


def needless(ends: t.Mapping[str, str], base: str, within: t.Callable[[str, str], bool]) -> list[str]:
    """Records of binary logs all of whose transactions the oldest kept full holds. ends: snapshot -> GTID set at its end; within: left is part of right."""
    return [name for name, end in ends.items() if within(end, base)]
