# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controls: with weaker settings the same fault must lose transactions, and two opened servers must be seen. Else the ledger is blind."""

from __future__ import annotations

import pathlib

import pytest
from ledger import byhand, faults, judge, look
from ledger.client import now
from ledger.pair import Pair
from ledger.scene import Scene, scene

AFTER_CUT = 1.0  # seconds between the end of replication and the crash, as in the reference


@pytest.fixture(autouse=True)
def past_the_endpoint(pair: Pair) -> None:
    """Roles change by hand here: the application asks both hosts, whatever the endpoint makes of it."""
    pair.endpoint = ""


def crash_without_replication(on: Scene) -> judge.Verdict:
    """The receiver of the standby stops; a second later the primary dies; the standby is promoted. What does the ledger say?"""
    byhand.receiver(on.pair, on.standby, False)
    on.pass_time(AFTER_CUT)
    faults.crash(on.pair, on.primary, faults.KILL)
    byhand.promote(on.pair, on.standby)
    on.flows()
    on.load.read()
    return judge.compare(on.load.book, look.holding(on.pair, on.standby))


@pytest.mark.parametrize("weak", ["asynchronous", "200 ms"])
def test_weaker_settings_lose(pair: Pair, tmp_path: pathlib.Path, weak: str) -> None:
    """Without semi-sync, or with one that gives up, what was acknowledged in the last second is gone."""
    with scene(pair, tmp_path) as on:
        if weak == "asynchronous":
            byhand.semi_sync_off(pair, on.primary)
        else:
            byhand.semi_sync_timeout(pair, on.primary, 200)
        verdict = crash_without_replication(on)
    byhand.mend(pair, on.standby, faults.KILL)
    print(f"control {weak}: lost {verdict.lost} of {on.load.book.acks} acknowledged")
    assert verdict.lost > 0, f"{weak} lost nothing: the ledger is blind. {verdict}"
    assert verdict.phantoms == 0 and verdict.doubled == 0


def test_strict_loses_nothing(pair: Pair, tmp_path: pathlib.Path) -> None:
    """The same fault, the same promotion, the settings of this collection."""
    with scene(pair, tmp_path) as on:
        verdict = crash_without_replication(on)
    byhand.mend(pair, on.standby, faults.KILL)
    print(f"strict: lost {verdict.lost} of {on.load.book.acks} acknowledged")
    assert verdict.good, verdict.problems


def test_two_open_servers_are_seen(pair: Pair, tmp_path: pathlib.Path) -> None:
    """A standby that somebody opens acknowledges the probe: split brain."""
    with scene(pair, tmp_path) as on:
        assert on.split_brain() == []
        byhand.open_up(pair, on.standby)
        on.flows()
        pair.sql(on.standby, "SET GLOBAL super_read_only = ON")
        without = on.split_brain()
        during = on.split_brain(judge.Change(on.identity(on.primary), now(), failover=False))
    byhand.mend(pair, on.primary, faults.KILL)
    assert without and during, "two servers acknowledged writes at the same time, and the judge did not say so"


def test_an_open_old_primary_is_seen(pair: Pair, tmp_path: pathlib.Path) -> None:
    """The old primary comes back and somebody opens it beside the new one."""
    with scene(pair, tmp_path) as on:
        faults.crash(pair, on.primary, faults.KILL)
        change = judge.Change(on.identity(on.primary), now())
        byhand.promote(pair, on.standby)
        on.flows()
        before = on.split_brain(change)
        faults.back(pair, on.primary, faults.KILL)
        pair.sql(on.primary, "SET GLOBAL rpl_semi_sync_source_enabled = OFF")
        byhand.open_up(pair, on.primary)
        on.flows()
        pair.sql(on.primary, "SET GLOBAL super_read_only = ON")
        found = on.split_brain(change)
    byhand.mend(pair, on.standby, faults.KILL)
    assert before == []
    assert found, "the old primary acknowledged writes beside the new one, and the judge did not say so"
