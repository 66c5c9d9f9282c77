# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sums with GTID sets, against sets of single numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from mysql_backup.gtids import Gtids

U, V = "1abe9d5b-e743-11f1-8336-02fc00000001", "2abe9d5b-e743-11f1-8336-02fc00000001"
SETS = st.sets(st.tuples(st.sampled_from([U, V, f"{U}:tag", f"{V}:other"]), st.integers(1, 12)), max_size=30)
SUMS = Gtids()


def written(members: set[tuple[str, int]]) -> str:
    """Each single one, as a person could write it."""
    return ",\n".join(f"{origin.upper()}:{number}" for origin, number in sorted(members))


def read(text: str) -> set[tuple[str, int]]:
    """By another way than the program's."""
    found = set()
    for part in text.split(",") if text else ():
        uuid, *words = part.split(":")
        origin = uuid
        for word in words:
            if word[0].isalpha():
                origin = f"{uuid}:{word}"
            else:
                ends = [int(end) for end in word.split("-")]
                found |= {(origin, number) for number in range(ends[0], ends[-1] + 1)}
    return found


@given(SETS, SETS)
def test_sums(left: set[tuple[str, int]], right: set[tuple[str, int]]) -> None:
    assert read(SUMS.subtract(written(left), written(right))) == left - right
    assert read(SUMS.union(written(left), written(right))) == left | right
    assert SUMS.subtract(SUMS.union(written(left), written(right)), "") == SUMS.union(written(right), written(left))


def test_as_the_server_writes_it() -> None:
    assert SUMS.union(f"{V}:1-3", f"{U}:5:1-3:4", f"{U}:tag:7", "") == f"{U}:1-5:tag:7,{V}:1-3"
    assert SUMS.subtract(f"{U}:1-9:tag:1-3", f"{U}:4-5,{U}:tag:1") == f"{U}:1-3:6-9:tag:2-3"
    assert SUMS.subtract(f"{U}:1-9", f"{U}:1-9") == ""
