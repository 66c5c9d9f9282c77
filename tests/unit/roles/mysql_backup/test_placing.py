# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data are moved: cut before each single change of the disk, with a boot of the host in between, and done again. No server."""

from __future__ import annotations

import getpass
import json
import os
import pathlib
import shutil
import types
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.smallfile import read_json
from mysql_backup import hold, placing, repair
from mysql_backup.base import Problem
from mysql_backup.config import Store

from tests.unit.roles.test_mysql_role_guard import guard

from .given import config_of

OLD = {"ibdata1": "old", "mysql.ibd": "old", "mysql/x.ibd": "old", "site/a.ibd": "old", "binlog.000007": "old", "auto.cnf": "old"}
NEW = {"ibdata1": "new", "mysql.ibd": "new", "mysql/x.ibd": "new", "site/a.ibd": "new", "undo_001": "new"}
BARE = {"ibdata1": "bare", "mysql.ibd": "bare", "mysql/x.ibd": "bare", "auto.cnf": "bare", "binlog.000001": "bare"}
TO = "2026-11-23 14:02:59"


class Cut(BaseException):
    """The power is gone."""


def tree(root: pathlib.Path) -> dict[str, str]:
    """Every file below a directory that a server would see."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and not name.parts[0].startswith("."):
            found[str(name)] = path.read_text()
    return found


def plant(root: pathlib.Path, files: t.Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


class Host:
    """Its directories; mounted: the data directory is a mount point."""

    def __init__(self, root: pathlib.Path, mounted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data, self.state, self.role, self.marks = root / "mysql", root / "state", root / "mysql-role.json", [0]
        self.config = config_of(root, state_dir=str(self.state), user=getpass.getuser())
        monkeypatch.setattr(os.path, "ismount", lambda path: mounted and path == str(self.data))
        monkeypatch.setattr(os, "sync", lambda: None)  # slow, and of no meaning here
        monkeypatch.setattr(os, "fsync", lambda _handle: None)
        monkeypatch.setattr(placing, "unit_state", lambda: "inactive", raising=False)
        monkeypatch.setattr(placing, "running", lambda _config: False)
        monkeypatch.setattr(repair, "mark", lambda _config, _gtids: self.marks.append(1))
        plant(self.data, OLD)
        self.role.write_text('{"role": "primary"}')
        folder = placing.beside(self.config.data, ".restoring")
        plant(pathlib.Path(folder) / "data", NEW)
        self.state.mkdir()
        known = {"stage": "prepared", "to": TO, "folder": folder, "gtid_executed": "a:1-9", "full": "f", "binlogs": 1, "tables": 2, "rows": 3}
        (self.state / "restore.json").write_text(json.dumps(known))

    @property
    def stage(self) -> str:
        return str(read_json(str(self.state / "restore.json")).get("stage", ""))

    def boot(self) -> str:
        """mysqld is enabled: what its role guard does before it starts. A server that is made leaves its files."""
        if guard.restoring.half_done(str(self.role)):
            return "refuse"
        self.data.mkdir(exist_ok=True)
        action = str(guard.data_directory(os.listdir(self.data), False, read_json(str(self.role)))[0])
        if action == "initialise":
            plant(self.data, BARE)
        return action

    def kept(self) -> list[dict[str, str]]:
        return [tree(pathlib.Path(path)) for path in placing.kept_paths(self.config.data)]


@pytest.fixture(params=[False, True], ids=["directory", "mount point"])
def host(request: pytest.FixtureRequest, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, request.param, monkeypatch)


CHANGES = ((os, "rename"), (os, "unlink"), (os, "makedirs"), (os, "chown"), (os, "fsync"), (os, "sync"), (shutil, "rmtree"), (shutil, "copy2"))


def cut(monkeypatch: pytest.MonkeyPatch, number: int, action: t.Callable[[], t.Any]) -> bool:
    """Run until just before the so-manieth change of the disk; False when it ended before."""
    left = [number]

    def watched(real: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def call(*arguments: t.Any, **named: t.Any) -> t.Any:
            left[0] -= 1
            if left[0] < 0:
                raise Cut
            return real(*arguments, **named)

        return call

    with monkeypatch.context() as patched:
        for module, name in CHANGES:
            patched.setattr(module, name, watched(getattr(module, name)))
        try:
            action()
        except Cut:
            return True
    return False


PLACE, FINISH, ASIDE = 45, 20, 36  # changes of the disk that each step makes at most


@pytest.mark.parametrize("boots", [False, True], ids=["killed", "rebooted"])
@pytest.mark.parametrize("number", range(PLACE))
def test_place_is_finished_by_the_next_run_wherever_it_was_cut(host: Host, number: int, boots: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    was_cut = cut(monkeypatch, number, lambda: placing.place(host.config, TO))
    if was_cut and boots:
        action = host.boot()
        if action == "start":
            assert tree(host.data) in (OLD, NEW), f"a server would start on a mixture ({host.stage})"
        assert action != "initialise", f"a server would be made in the middle of a restore ({host.stage})"
    placing.place(host.config, TO)
    assert host.stage == "placed" and tree(host.data) == NEW and sum(host.marks) >= 1
    assert [one for one in host.kept() if one] == [OLD] and not host.role.exists()
    assert host.boot() == "start"
    done = placing.finish(host.config)
    assert done["to"] == TO and done["opened_at"] and host.stage == ""
    assert not os.path.exists(placing.beside(host.config.data, ".restoring"))
    assert not (host.state.parent / "mysql-role.json.restoring").exists()


def test_the_matrix_reaches_the_end(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many changes are all that the steps make: a later one would not be cut here."""
    assert not cut(monkeypatch, PLACE - 1, lambda: placing.place(host.config, TO))
    assert not cut(monkeypatch, FINISH - 1, lambda: placing.finish(host.config))
    placing.discard_old(host.config.data)  # its name is that of the second
    assert not cut(monkeypatch, ASIDE - 1, lambda: placing.set_aside(host.config))


@pytest.mark.parametrize("number", range(FINISH))
def test_a_cut_finish_keeps_when_it_was_opened(host: Host, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    placing.place(host.config, TO)
    cut(monkeypatch, number, lambda: placing.finish(host.config))
    assert placing.finish(host.config)["to"] == TO
    assert read_json(placing.restored_file(host.config.data))["opened_at"] and host.stage == ""


@pytest.mark.parametrize("boots", [False, True], ids=["killed", "rebooted"])
@pytest.mark.parametrize("number", range(ASIDE))
def test_set_aside_is_finished_by_the_next_run_wherever_it_was_cut(host: Host, number: int, boots: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(placing.beside(host.config.data, ".restoring"))
    (host.state / "restore.json").write_text(json.dumps({"stage": "leaving", "to": TO}))
    was_cut = cut(monkeypatch, number, lambda: placing.set_aside(host.config))
    if was_cut and boots:
        action = host.boot()
        assert action == "refuse" or tree(host.data) in (OLD, BARE), f"a server would start on a part of the data ({host.stage})"
        assert action != "initialise" or [one for one in host.kept() if one] == [OLD]
    if tree(host.data) != BARE:  # nothing is left to do for one that begins anew
        placing.set_aside(host.config)
        assert tree(host.data) == {}
    assert [one for one in host.kept() if one] == [OLD]
    assert not host.role.exists() and host.stage == ""


def test_what_was_made_in_between_is_kept_and_not_mixed_in(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an older role guard did it: an empty server in the gap. Its files end beside the old ones."""
    number = next(count for count in range(PLACE) if cut(monkeypatch, count, lambda: placing.place(host.config, TO)) and host.stage == "old data moved")
    assert number
    plant(host.data, BARE)
    placing.place(host.config, TO)
    assert tree(host.data) == NEW
    away = [path for kept in placing.kept_paths(host.config.data) for path in pathlib.Path(kept).glob(".in-the-way-*")]
    assert tree(away[0]) == BARE


def test_restored_data_that_are_gone_are_not_taken_for_placed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for count in range(PLACE):
        if cut(monkeypatch, count, lambda: placing.place(host.config, TO)) and host.stage == "old data moved":
            break
    shutil.rmtree(placing.beside(host.config.data, ".restoring"))
    with pytest.raises(Problem, match=r"is neither in .* Nothing was moved.*Next: rm .*restore\.json"):
        placing.place(host.config, TO)
    assert host.stage == "old data moved"


def test_a_store_that_is_gone_delays_the_mark_and_stops_nothing(host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def away(_store: Store, _gtids: str) -> None:
        raise Problem("The repository cannot be reached.")

    monkeypatch.setattr(repair, "mark", away)
    assert placing.place(host.config, TO)["stage"] == "placed"
    assert "finish tries it again" in capfd.readouterr().err
    with pytest.raises(Problem, match="cannot be reached"):
        placing.finish(host.config)
    assert read_json(placing.restored_file(host.config.data))["opened_at"]
    monkeypatch.setattr(repair, "mark", lambda _config, _gtids: host.marks.append(1))
    placing.finish(host.config)
    assert sum(host.marks) == 1 and read_json(placing.restored_file(host.config.data))["marked"]


@pytest.mark.parametrize("seen", ["active", "activating", "deactivating", "refreshing", "unknown"])
def test_a_server_that_recovers_is_running_although_it_does_not_answer(host: Host, seen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "unit_state", lambda: seen)
    for step in (lambda: placing.place(host.config, TO), lambda: placing.set_aside(host.config)):
        with pytest.raises(Problem, match=f"still runs; its data were not touched. Seen: mysqld is {seen}"):
            step()
    assert tree(host.data) == OLD


@pytest.mark.parametrize(("script", "state"), [
    ("echo 'Failed to connect to bus: Connection timed out' >&2; exit 1", "unknown (Failed to connect to bus: Connection timed out)"),
    ("exit 0", "unknown (systemctl says nothing)"),
    ("echo inactive", "inactive"),
])  # fmt: skip
def test_no_answer_of_systemd_is_no_stopped_server(script: str, state: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host without memory: systemctl waits 25 s for systemd and gives up, while mysqld recovers and has its files open."""
    monkeypatch.undo()
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(placing, "booted", lambda: True)
    assert placing.unit_state() == state
    monkeypatch.setattr(placing, "booted", lambda: False)
    assert placing.unit_state() == "inactive", "no unit runs where systemd is not the init, as on the machine of these tests"


def test_what_a_restore_still_moves_is_not_discarded(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    next(count for count in range(PLACE) if cut(monkeypatch, count, lambda: placing.place(host.config, TO)) and host.kept())
    with pytest.raises(Problem, match="still moves data into"):
        placing.discard_old(host.config.data)
    placing.place(host.config, TO)
    assert placing.discard_old(host.config.data)["removed"] and host.kept() == []


# --- backups wait ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "stop", lambda _config, _steps: None)
    monkeypatch.setattr(hold, "WAIT", 0.2)
    monkeypatch.setattr(repair, "probe", lambda _config: None)


@pytest.mark.usefixtures("quiet")
def test_a_hold_has_every_lock_or_changes_nothing(host: Host) -> None:
    from mysql_backup.base import Busy, lock

    for name in hold.LOCKS:
        with lock(host.config.home, name), pytest.raises(Busy, match="has not ended within"):
            placing.hold_all(host.config, TO, "db2", "")
        assert hold.reason(host.config.home) == "" and host.stage == "prepared"
    placing.hold_all(host.config, TO, "db2", "")
    assert "a restore to 2026" in hold.reason(host.config.home) and host.stage == "leaving"


@pytest.mark.usefixtures("quiet")
def test_a_store_that_takes_nothing_is_noticed_before_servers_are_stopped(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_store: Store) -> None:
        raise Problem("The place of the repository is full.")

    monkeypatch.setattr(repair, "probe", full)
    with pytest.raises(Problem, match="is full"):
        placing.hold_all(host.config, TO, "db1", "")
    assert hold.reason(host.config.home) == "" and host.stage == "prepared"


@pytest.mark.usefixtures("quiet")
def test_a_hold_ends_by_itself(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    placing.hold_all(host.config, TO, "db1", "")
    assert hold.reason(host.config.home) and host.stage == "prepared"
    monkeypatch.setattr(hold, "LEASE", 0)
    assert hold.reason(host.config.home) == ""
    monkeypatch.undo()
    assert hold.release(host.config.home) == {"changed": True} and hold.reason(host.config.home) == ""


U, V = "1abe9d5b-e743-11f1-8336-02fc00000001", "2abe9d5b-e743-11f1-8336-02fc00000001"
FOLLOWS = {"channel": True, "applying": True, "receiving": True}


@pytest.mark.parametrize(
    ("given_up", "state", "expected"),
    [
        (f"{U}:8-9", {**FOLLOWS, "executed": f"{U}:1-9,{V}:1-3"}, True),  # rebooted: it follows the restored server, and holds what was given up
        (f"{U}:8-9", {**FOLLOWS, "executed": f"{U}:1-7,{V}:1-3"}, False),  # copied anew
        ("", {**FOLLOWS, "executed": f"{U}:1-7"}, False),  # it never held more
        (f"{U}:8-9", {**FOLLOWS, "receiving": False, "executed": f"{U}:1-7"}, True),
        (None, {**FOLLOWS, "executed": f"{U}:1-7"}, True),  # nobody could ask
    ],
)
def test_whether_data_are_those_that_were_given_up(given_up: t.Optional[str], state: dict[str, t.Any], expected: bool) -> None:
    me = t.cast(t.Any, types.SimpleNamespace(**state))
    assert placing.still_leaving({"stage": "leaving", "given_up": given_up}, me) is expected


@pytest.mark.usefixtures("quiet")
def test_what_is_given_up_is_noted_and_goes_with_a_release(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "held", lambda _config: f"{U}:1-9")
    placing.hold_all(host.config, TO, "db2", f"{U}:1-7")
    assert read_json(placing.state_file(host.config.data))["given_up"] == f"{U}:8-9"
    assert placing.release(host.config) == {"changed": True} and host.stage == "" and hold.reason(host.config.home) == ""
    assert placing.release(host.config) == {"changed": False}
