# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart: what is written before it, what it will take, what it took."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import restart

MIB = restart.MIB


class Fake:
    """A server whose dirty bytes fall by what it may write between two looks."""

    def __init__(self, dirty: int, step: int, check_mode: bool = False, limit: str = "75.000000") -> None:
        self.dirty, self.step, self.check_mode, self.limit = dirty, step, check_mode, limit
        self.statements: list[str] = []

    def status(self, _pattern: str) -> dict[str, str]:
        """Innodb_buffer_pool_bytes_dirty."""
        if self.statements:
            self.dirty = max(0, self.dirty - self.step)
        return {"innodb_buffer_pool_bytes_dirty": str(self.dirty)}

    def variables(self, *_names: str) -> dict[str, str]:
        """The two limits as a server prints them."""
        return {restart.LIMIT: self.limit, restart.LOW: "10.000000"}

    def change(self, statement: t.Any) -> None:
        """SET GLOBAL."""
        self.statements.append(statement.sql)


def flushed(fake: Fake, seconds: int = 5) -> restart.Flushed:
    return restart.flush(t.cast("t.Any", fake), seconds)


def test_dirty_pages_are_written_first_and_the_limits_set_back() -> None:
    fake = Fake(400 * MIB, 200 * MIB)
    found = flushed(fake)
    assert (found.before, found.after) == (400 * MIB, 0)
    assert fake.statements == [f"SET GLOBAL {restart.LIMIT} = 0", f"SET GLOBAL {restart.LIMIT} = 75.0", f"SET GLOBAL {restart.LOW} = 10.0"]


def test_a_deadline_ends_the_waiting_and_the_limits_are_set_back() -> None:
    fake = Fake(400 * MIB, 0)
    assert flushed(fake, seconds=0).after == 400 * MIB
    assert fake.statements[1:] == [f"SET GLOBAL {restart.LIMIT} = 75.0", f"SET GLOBAL {restart.LOW} = 10.0"]


def test_what_does_not_get_less_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restart, "STALLED", 0.3)
    assert 0.2 < flushed(Fake(400 * MIB, 0), seconds=60).seconds < 5


def test_the_limits_are_set_back_when_the_server_fails() -> None:
    fake = Fake(400 * MIB, 0)

    def status(_pattern: str) -> dict[str, str]:
        if fake.statements:
            raise OSError("gone")
        return {"innodb_buffer_pool_bytes_dirty": str(fake.dirty)}

    fake.status = status  # type: ignore[method-assign]
    with pytest.raises(OSError, match="gone"):
        flushed(fake)
    assert fake.statements[-1] == f"SET GLOBAL {restart.LOW} = 10.0"


@pytest.mark.parametrize("fake", [Fake(restart.ENOUGH, 0), Fake(400 * MIB, 1, check_mode=True)])
def test_nothing_is_changed_where_there_is_little_or_in_check_mode(fake: Fake) -> None:
    assert flushed(fake).seconds == 0
    assert fake.statements == []


def test_a_zero_that_a_killed_run_left_is_not_kept() -> None:
    fake = Fake(400 * MIB, 400 * MIB, limit="0.000000")
    flushed(fake)
    assert f"SET GLOBAL {restart.LIMIT} = 90.0" in fake.statements


def test_what_is_said_before() -> None:
    found = restart.Flushed(400 * MIB, 10 * MIB, 3.9, 3.9)
    assert found.estimate(10 * MIB) == 3.1
    assert found.sentence("db1") == (
        "db1: is restarted now. 390 MiB of changed pages were written in 3.9 s while it served, 10 MiB are left: its shutdown will take about 3 s "
        "(about 7 s without that)."
    )
    assert restart.Flushed(8 * MIB, 8 * MIB, 0.0).sentence("db1") == "db1: is restarted now. 8 MiB are left: its shutdown will take about 3 s."


def test_a_wait_without_progress_does_not_make_the_disk_look_slow() -> None:
    """Seen on a loaded host: 52 MiB within 3 s, then 10 s of nothing; the rest was foretold with a quarter of the speed."""
    assert restart.Flushed(81 * MIB, 29 * MIB, 13.1, 2.6).estimate(29 * MIB) == pytest.approx(4.5, abs=0.1)


SHOWN = """ActiveExitTimestampMonotonic=100000000
InactiveEnterTimestampMonotonic=111100000
InactiveExitTimestampMonotonic=111200000
ActiveEnterTimestampMonotonic=113300000
"""


@pytest.mark.parametrize(
    ("server", "opened", "found"),
    [
        (SHOWN, 113900000, {"shutdown": 11.1, "start": 2.1, "opening": 0.6, "all": 13.9}),
        (SHOWN, 113200000, None),  # the guard's end of an earlier start
        (SHOWN, 0, None),
        ("ActiveEnterTimestampMonotonic=5\nInactiveExitTimestampMonotonic=4\n", 6, None),  # started, never restarted
        (SHOWN.replace("ActiveEnterTimestampMonotonic=113300000", "ActiveEnterTimestampMonotonic=90000000"), 113900000, None),  # it is starting
    ],
)
def test_what_it_cost(server: str, opened: int, found: t.Any) -> None:
    assert restart.outage(restart.properties(server), {"InactiveEnterTimestampMonotonic": opened}) == found
