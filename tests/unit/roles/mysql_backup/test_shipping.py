# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Binary logs are shipped whatever runs beside, and by the primary when its standby does not: without servers and without restic."""

from __future__ import annotations

import datetime
import json
import pathlib
import types
import typing as t

import pytest
from mysql_backup import binlogs, catalog, cli, decide, expire, process, repair, restic, ship, status
from mysql_backup.base import Busy, Problem, iso, now, parse
from mysql_backup.config import Config, Home
from mysql_backup.gtids import Gtids
from mysql_backup.server import Look

from .given import config_of

UUID = "1abe9d5b-e743-11f1-8336-02fc00000001"
PRIMARY = {"writable": True, "channel": False, "applying": False, "standbys": 1}


def server(**changes: t.Any) -> Look:
    base: dict[str, t.Any] = {"server_uuid": UUID, "version": "8.4.11", "basedir": "/b", "datadir": "/d", "log_bin_basename": "/d/binlog", "executed": ""}
    return Look(**{**base, "writable": False, "channel": True, "applying": True, "standbys": 0, **changes})


@pytest.fixture
def config(tmp_path: pathlib.Path) -> Config:
    return config_of(tmp_path)


# --- who ships --------------------------------------------------------------------------------------------------------------------


def test_a_standby_that_receives_and_does_not_apply_ships_nothing_so_its_primary_does() -> None:
    """Its receiver acknowledges each commit, so the primary sees a standby attached."""
    assert decide.acts(server(applying=False)) == (False, decide.STOPPED) and decide.STOPPED in decide.FAULTS
    assert decide.ships(server(**PRIMARY), True, late=119, patience=120) == (False, "it is the primary, and 1 standby attached does it")
    doing, why = decide.ships(server(**PRIMARY), True, late=181, patience=120)
    assert doing and why == "it is the primary, and its standby has not shipped for 181 s what was committed"


class Shipped(ship.Shipment):
    """What the repository and the server hold, as sums."""

    def __init__(self, home: Home, executed: str, covered: str) -> None:
        self.home, self.executed, self.known, self.base = home, executed, {}, covered
        self.session = t.cast(t.Any, Gtids())


def later(home: Home, seconds: float) -> None:
    """As if the last look had been then."""
    path = pathlib.Path(home.state_dir) / "unshipped.json"
    known = json.loads(path.read_text())
    path.write_text(json.dumps({**known, "at": iso(now() - datetime.timedelta(seconds=seconds))}))


def test_how_long_something_is_not_shipped(config: Config) -> None:
    assert Shipped(config.home, f"{UUID}:1-9", f"{UUID}:1-7").late() == 0.0  # seen for the first time
    later(config.home, 60)
    assert 59 <= Shipped(config.home, f"{UUID}:1-12", f"{UUID}:1-8").late() <= 62
    later(config.home, 180)
    assert Shipped(config.home, f"{UUID}:1-15", f"{UUID}:1-9").late() == 0.0  # what was seen then has come; the rest is younger
    later(config.home, 60)
    assert Shipped(config.home, f"{UUID}:1-15", f"{UUID}:1-15").late() == 0.0


def test_what_a_restore_gave_up_is_not_waited_for(config: Config) -> None:
    Shipped(config.home, f"{UUID}:1-9", "").late()
    later(config.home, 900)
    assert Shipped(config.home, f"{UUID}:1-5", f"{UUID}:1-5").late() == 0.0


class Stored:
    """A repository that keeps the tags it is given."""

    def __init__(self) -> None:
        self.entries: list[restic.Snapshot] = []

    def backup(self, paths: t.Sequence[str], tags: t.Sequence[str]) -> None:
        self.entries.append(restic.Snapshot(str(len(self.entries)), now(), "db1", tuple(paths), tuple(tags)))

    def forget(self, _snapshots: object, patience: object = None) -> None: ...


def test_the_newest_record_is_the_last_one_although_a_clock_was_ahead(config: Config, tmp_path: pathlib.Path) -> None:
    """A machine's clock in local time: after a boot it is two hours ahead, until chrony sets it. The timer ships meanwhile."""
    log = tmp_path / "binlog.000002"
    log.write_bytes(b"\xfebin" + bytes(20))
    entry = {"size": 24, "previous": "", "end": f"{UUID}:1-9", "begun": 0, "active": True}
    early = iso(now() + datetime.timedelta(hours=2))
    tags = ("binlog", f"chain={UUID}", f"at={early}", "file=binlog.000001:10")
    before = catalog.read([restic.Snapshot("early", now(), "db1", ("/x",), tags)])
    store = Stored()
    run = Shipped(config.home, f"{UUID}:1-9", "")
    run.repository, run.me, run.catalog, run.chain, run.index = t.cast(t.Any, store), server(), before, UUID, {}
    run.last_at = before.records[-1].at
    for _batch in range(2):
        run.send([binlogs.LogFile("binlog.000002", str(log), 24, True)], {"binlog.000002": entry})
    found = catalog.read([before.records[0].snapshot, *store.entries])
    assert [one.snapshot.id for one in found.records] == ["early", "0", "1"]
    newest = found.last_of(UUID)
    assert newest is not None and newest.snapshot.id == "1"


def test_a_restore_goes_on_behind_a_record_from_the_future(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the history that was given up would count as the newer one, and the restored server as one that lacks it."""
    ahead, written = iso(now() + datetime.timedelta(hours=2)), t.cast("list[tuple[t.Any, ...]]", [])
    row = {"id": "early", "time": iso(now()), "hostname": "db1", "paths": ["/x"], "tags": ["binlog", f"chain={UUID}", f"at={ahead}", "file=binlog.000001:10"]}
    monkeypatch.setattr(restic.Repository, "run", lambda *words, **_others: process.Done(0, json.dumps([row]) if "snapshots" in words else '{"id": "r"}', ""))
    monkeypatch.setattr(restic.Repository, "backup", lambda _self, *words, **_others: written.append(words))
    repair.mark(config.store, f"{UUID}:1-5")
    assert written[0][2] > parse(ahead)
    row["tags"] = ["binlog", f"chain={UUID}", f"at={iso(now())}", "file=binlog.000001:10"]
    repair.mark(config.store, f"{UUID}:1-5")
    assert written[1][2] is None


def test_a_record_bears_the_time_of_the_clock() -> None:
    at = now()
    assert ship.after(None, at) == at == ship.after(at - datetime.timedelta(seconds=60), at)


# --- the repository's lock -----------------------------------------------------------------------------------------------------------

LOCKED = process.Done(1, "", "unable to create lock in backend: repository is already locked exclusively by PID 7 on db1")
GOOD = process.Done(0, '{"message_type":"summary"}', "")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., list[str]]:
    """Let restic answer so, the last one for ever; the commands it was called with."""

    def given(*rows: t.Union[process.Done, Exception]) -> list[str]:
        left, called = list(rows), t.cast("list[str]", [])

        def run(argv: t.Sequence[str], *_arguments: t.Any) -> process.Done:
            called.append(argv[1])
            if argv[1] == "unlock":
                return process.Done(0, "", "")
            found = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(process, "run", run)
        monkeypatch.setattr(restic, "PAUSE", 0.01)
        monkeypatch.setattr(restic.Repository, "environment", lambda _self: {})
        return called

    return given


def test_a_lock_of_another_run_is_waited_for(config: Config, answers: t.Callable[..., list[str]]) -> None:
    called = answers(LOCKED, LOCKED, LOCKED, GOOD)
    restic.Repository(config.store, patience=5).backup(["/x"], [])
    assert called == ["backup", "unlock", "backup", "backup", "backup"]


def test_it_is_not_waited_for_without_end(config: Config, answers: t.Callable[..., list[str]]) -> None:
    answers(LOCKED)
    with pytest.raises(restic.Failed, match="is locked by another run"):
        restic.Repository(config.store, patience=0.1).backup(["/x"], [])


def test_what_was_shipped_is_there_although_nothing_can_be_forgotten(config: Config, answers: t.Callable[..., list[str]]) -> None:
    """A full backup uploads for hours with a lock beside which nothing may be removed."""
    called = answers(LOCKED)
    one = restic.Snapshot("s", now(), "db1", ("/x",), ())
    with pytest.raises(restic.Failed) as caught:
        restic.Repository(config.store).forget([one], patience=0)
    assert caught.value.kind == "locked" and called == ["forget", "unlock", "forget"]


def test_the_probe_removes_its_own_entries_alone(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's entries of this host may bear the same word."""
    rows = [{"id": name, "time": "2026-11-23T14:02:59Z", "hostname": config.store.host, "paths": [path], "tags": ["probe"]}
            for name, path in (("ours", "/probe.json"), ("theirs", "/srv/probe"))]  # fmt: skip
    gone: list[str] = []

    def run(_self: object, *words: str, **_others: t.Any) -> process.Done:
        gone.extend(words[1:] if words[0] == "forget" else ())
        return process.Done(0, json.dumps(rows) if words[0] == "snapshots" else '{"id": "r", "message_type":"summary"}', "")

    monkeypatch.setattr(restic.Repository, "run", run)
    repair.probe(config.store)
    assert gone == ["ours"]


def pruned(unused: str) -> process.Done:
    return process.Done(0, f"to repack: 3 blobs / 1 MiB\nunused size after prune: 1.000 MiB ({unused}% of remaining size)\n", "")


@pytest.mark.parametrize(
    ("rows", "count"),
    [([pruned("0.00")], 1), ([pruned("60.00"), pruned("30.00"), pruned("9.99")], 3), ([pruned("60.00"), pruned("60.00")], 2), ([GOOD], 1)],
)
def test_the_repository_is_pruned_in_pieces(
    config: Config, answers: t.Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, rows: list[process.Done], count: int
) -> None:
    turns: list[int] = []
    monkeypatch.setattr(expire, "turn", lambda _home, _interval: turns.append(1))
    answers(*rows)
    assert expire.prune(config.home, 60, restic.Repository(config.store)) == count == len(turns)


def test_a_piece_that_takes_too_long_is_ended_and_a_smaller_one_begun(
    config: Config, answers: t.Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expire, "turn", lambda _home, _interval: None)
    called = answers(process.Late("late"), process.Late("late"), pruned("0.00"))
    assert expire.prune(config.home, 60, restic.Repository(config.store)) == 3 and called == ["prune"] * 3
    answers(process.Late("late"))
    with pytest.raises(Problem, match=r"Shipping goes on; .*Next: set mysql_backup_ship_interval: <seconds"):
        expire.prune(config.home, 60, restic.Repository(config.store))


@pytest.mark.parametrize(
    ("ship_entry", "waits"),
    [
        ({"last_run": 5, "started": ""}, False),
        ({"last_run": 29, "started": ""}, False),
        ({"last_run": 35, "started": ""}, True),
        ({"last_run": 5, "started": "now"}, True),
        ({}, False),
    ],
)
def test_a_piece_begins_when_the_next_shipping_is_far_enough(
    config: Config, monkeypatch: pytest.MonkeyPatch, ship_entry: dict[str, t.Any], waits: bool
) -> None:
    entry = dict(ship_entry)
    if "last_run" in entry:
        entry["last_run"] = iso(now() - datetime.timedelta(seconds=entry["last_run"]))
    monkeypatch.setattr(status, "read", lambda _config: {"steps": {"ship": entry}})
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        entry.update(last_run=iso(now()), started="")

    monkeypatch.setattr(expire.time, "sleep", sleep)
    expire.turn(config.home, 60)
    assert bool(slept) is waits


# --- a step by its unit ---------------------------------------------------------------------------------------------------------------

RAN = {"LoadState": "loaded", "InvocationID": "i2", "Result": "success", "ExecMainStatus": "0"}
OLD = {"invocation": "i1", "failure": "the place was full last night.", "acted": True}


@pytest.mark.parametrize(
    ("facts", "entry", "kind", "said"),
    [
        ({}, {**OLD, "invocation": "i2", "failure": "the place is full. Next: df"}, Problem, "the place is full. Next: df"),
        ({"Result": "signal"}, OLD, Problem, "was killed (signal)"),
        ({"Result": "oom-kill"}, OLD, Problem, "was killed (oom-kill)"),
        ({"Result": "timeout"}, OLD, Problem, "ran out of time (mysql_backup_timeout_hours)"),
        ({"ExecMainStatus": "75"}, OLD, Busy, "another run is at work"),
        ({"LoadState": "masked", "InvocationID": ""}, OLD, Problem, "it is masked. Nothing was done. Expected: loaded. Next: systemctl unmask mysql-backup@"),
        ({"LoadState": "not-found", "InvocationID": ""}, OLD, Problem, "Next: ansible-playbook onprem.wandb.backups -i <inventory>"),
        ({"Result": "exit-code", "ExecMainStatus": "1"}, OLD, Problem, "left no word of how it went. Seen: Result=exit-code, exit status 1, no room"),
        ({}, OLD, Problem, "left no word of how it went"),
    ],
)
def test_how_a_run_went_is_what_that_run_says(facts: dict[str, str], entry: dict[str, t.Any], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind) as caught:
        cli.outcome("db1", "full", "no room", {**RAN, **facts}, entry)
    assert said in str(caught.value) and ". Next: " in str(caught.value)
    assert "last night" not in str(caught.value)
    assert isinstance(caught.value, Busy) is (kind is Busy)


def test_a_run_that_acted_and_one_that_did_not() -> None:
    entry = {"invocation": "i2", "acted": True, "result": {"acted": True, "id": "F"}, "failure": ""}
    assert cli.outcome("db1", "full", "", RAN, entry) == {"acted": True, "id": "F"}
    assert cli.outcome("db1", "full", "", RAN, {**entry, "acted": False, "why": "it is the primary"}) == {"acted": False, "why": "it is the primary"}


def test_each_run_signs_what_it_wrote(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOCATION_ID", "i7")
    status.step(config.home, "ship", {"acted": False, "why": decide.STOPPED, "fault": True})
    assert {"invocation": "i7", "fault": True, "acted": False}.items() <= status.read(config.home)["steps"]["ship"].items()
    monkeypatch.setenv("INVOCATION_ID", "i8")
    status.failure(config.home, "ship", "no")
    assert status.read(config.home)["steps"]["ship"]["invocation"] == "i8"


def test_a_run_that_a_restore_ended_has_not_failed(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    from mysql_backup import hold

    monkeypatch.setattr(hold.subprocess, "run", lambda *_a, **_k: types.SimpleNamespace(returncode=0, stderr=""))
    status.begin(config.home, "verify")
    hold.stop(config.home, ("full", "verify"))
    entry = status.read(config.home)["steps"]["verify"]
    assert (entry["failure"], entry["started"], entry["acted"]) == ("", "", False) and "restore" in entry["why"]
    assert "full" not in status.read(config.home)["steps"]
    assert not status.killed(config.home, "verify")  # what systemd calls afterwards has nothing to note
