# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is the primary."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql.pair import decide

from .mysql_looks import UUID, channel, cut_off, dead, look, nobody, pair, peer, primary, standby


def read_only(name: str, recorded: str, **more: t.Any) -> dict[str, t.Any]:
    """Up after a start, nobody opened it."""
    return look(name, "none", recorded, **more)


@pytest.mark.parametrize(
    ("db1", "db2", "expected"),
    [
        (primary("db1"), standby("db2"), "db1"),
        (standby("db1"), primary("db2"), "db2"),
        # After a failover: the old primary is back, and its record is not the truth any more.
        (read_only("db1", "primary"), primary("db2"), "db2"),
        # Nobody serves: the record, then who is followed, then the declaration.
        (read_only("db1", "primary"), standby("db2"), "db1"),
        (dead("db1"), cut_off("db2"), "db1"),
        (None, cut_off("db2", channel=channel("db2", source_uuid="")), "db1"),
        (cut_off("db1"), None, "db2"),
        (read_only("db1", "fenced"), standby("db2"), "db1"),
        (read_only("db1", "fenced"), read_only("db2", "promoting"), "db2"),
        (read_only("db1", ""), read_only("db2", "fenced"), "db2"),
        (read_only("db1", ""), read_only("db2", ""), "db1"),
        (None, None, "db1"),
        # Both were: the later one holds what the earlier one lacks.
        (read_only("db1", "primary", peers=peer("db1", ahead="x:10")), read_only("db2", "primary"), "db2"),
    ],
)
def test_the_primary(db1: t.Any, db2: t.Any, expected: str) -> None:
    found = decide(pair(db1, db2), "db1")
    assert (found.primary, found.problem) == (expected, "")


def test_the_later_term_wins_whatever_each_of_them_holds() -> None:
    first = read_only("db1", "primary", peers=peer("db1", ahead="b:1"), term={"number": 2, "server_uuid": UUID["db1"]})
    later = read_only("db2", "primary", peers=peer("db2", ahead="a:1"), term={"number": 3, "server_uuid": UUID["db2"]})
    assert decide(pair(first, later), "db1").primary == "db2"


def test_a_record_of_another_data_directory_counts_as_none() -> None:
    copied = read_only("db2", "primary", recorded_role={"role": "primary", "server_uuid": "somebody else"})
    assert decide(pair(read_only("db1", ""), copied), "db1").primary == "db1"


@pytest.mark.parametrize(
    ("db1", "db2", "words"),
    [
        (primary("db1"), primary("db2"), "both writable: split brain"),
        (
            read_only("db1", "primary", peers=peer("db1", ahead="b:1")),
            read_only("db2", "primary", peers=peer("db2", ahead="a:1")),
            "were both the primary",
        ),
        (dead("db1"), read_only("db2", "primary", peers=nobody("db2")), "were both the primary"),
    ],
)
def test_nobody_can_tell(db1: t.Any, db2: t.Any, words: str) -> None:
    found = decide(pair(db1, db2), "db1")
    assert not found.primary
    assert words in found.problem
    assert "Nothing was changed. Next:" in found.problem
