# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions of the role guard, and that it never opens a server which the module would refuse to open."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import types
import typing as t

import pymysql
import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import plan
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.member import Channel, Member
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.term import Term
from hypothesis import given
from hypothesis import strategies as st

PATH = pathlib.Path(__file__).parents[3] / "roles/mysql/files/mysql_role_guard.py"
SPEC = importlib.util.spec_from_file_location("mysql_role_guard", PATH)
assert SPEC and SPEC.loader
guard = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(guard)

ME = {"server_uuid": "me", "channel": False, "writable": False, "receiver": "", "applier": "", "term": 3, "reigns": True}
PRIMARY = {"role": "primary", "server_uuid": "me", "semi_sync": True}
PEER = {
    "address": "db2:3306",
    "state": "ok",
    "detail": "",
    "writable": False,
    "ahead": "",
    "source_uuid": "me",
    "receiver": "Connecting",
    "source_enabled": False,
    "fenced": False,
    "term": 3,
}


def decide(role: t.Any = None, me: t.Any = None, peer: t.Any = None, without_peer: bool = False) -> tuple[str, str]:
    peers = [] if peer is None else [{**PEER, **peer}]
    return guard.decide(PRIMARY if role is None else role, {**ME, **(me or {})}, peers, without_peer)


def test_a_configured_channel_is_resumed() -> None:
    assert decide(me={"channel": True, "receiver": "No", "applier": "No"})[0] == guard.START_REPLICATION
    assert decide(me={"channel": True, "receiver": "Yes", "applier": "Yes"})[0] == guard.DONE


def test_a_channel_wins_over_the_record() -> None:
    assert decide(role=PRIMARY, me={"channel": True, "receiver": "No", "applier": "No"}, peer={})[0] == guard.START_REPLICATION


@pytest.mark.parametrize("role", [{}, {"role": "replica", "server_uuid": "me"}, {"role": "primary", "server_uuid": "another data directory"}])
def test_a_host_that_is_not_recorded_as_the_primary_stays_closed(role: dict[str, t.Any]) -> None:
    assert decide(role=role, peer={})[0] == guard.DONE


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ({}, guard.OPEN),
        ({"receiver": "Yes"}, guard.OPEN),
        ({"source_uuid": ""}, guard.OPEN),
        ({"state": "bare"}, guard.OPEN),
        ({"writable": True}, guard.STAY),
        ({"ahead": "u:7"}, guard.STAY),
        ({"term": 4}, guard.STAY),
        # This server took over from that one; what that one holds beyond was given up then.
        ({"ahead": "u:7", "term": 2}, guard.OPEN),
        ({"source_uuid": "third"}, guard.STAY),
        ({"source_uuid": "", "source_enabled": True}, guard.STAY),
        # A switchover that ended between promotion and attaching: this server was promoted and died, that one is fenced.
        ({"source_uuid": "", "source_enabled": True, "fenced": True}, guard.OPEN),
        ({"receiver": "No"}, guard.WAIT),
        ({"state": "unreachable"}, guard.WAIT),
    ],
)
def test_what_a_peer_means_for_the_recorded_primary(peer: dict[str, t.Any], expected: str) -> None:
    assert decide(peer=peer)[0] == expected


def test_a_later_term_of_somebody_else_counts_for_nothing() -> None:
    assert decide(me={"term": 3, "reigns": False}, peer={"ahead": "u:7", "term": 2})[0] == guard.STAY


def test_without_peers_the_primary_opens() -> None:
    assert decide()[0] == guard.OPEN


def test_an_unreachable_peer_may_be_accepted_and_a_writable_one_never() -> None:
    assert decide(peer={"state": "unreachable"}, without_peer=True)[0] == guard.OPEN
    assert decide(peer={"writable": True}, without_peer=True)[0] == guard.STAY


@given(
    st.sampled_from(["ok", "bare", "unreachable"]),
    st.booleans(),
    st.sampled_from(["", "u:7"]),
    st.sampled_from(["", "me", "third"]),
    st.sampled_from(["Yes", "No", "Connecting"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([2, 3, 4]),
    st.booleans(),
)
def test_the_guard_opens_nothing_that_the_module_would_refuse(
    state: str, writable: bool, ahead: str, source_uuid: str, receiver: str, source_enabled: bool, without_peer: bool, term: int, reigns: bool
) -> None:
    seen = {
        "state": state,
        "writable": writable,
        "ahead": ahead,
        "source_uuid": source_uuid,
        "receiver": receiver,
        "source_enabled": source_enabled,
        "term": term,
    }
    if decide(me={"reigns": reigns}, peer=seen, without_peer=without_peer)[0] != guard.OPEN:
        return
    channel = Channel({}, {"Yes": "ON", "No": "OFF"}.get(receiver, "CONNECTING"), source_uuid=source_uuid) if source_uuid else None
    member = Member("8.4.11", "peer", not writable, not writable, source_enabled=source_enabled, channel=channel, term=Term(term, "peer"))
    peer = plan.Peer("db2:3306", state, member=member if state == "ok" else None, ahead=ahead if state == "ok" else "")
    me = Member("8.4.11", "me", source_enabled=False, replica_enabled=False, term=Term(3, "me" if reigns else "third"))
    assert not plan.peer_refusal(me, [peer], plan.Desired(accept_unreachable_peers=without_peer))


@pytest.mark.parametrize(
    ("names", "marker", "role", "expected"),
    [
        ([], False, {}, "initialise"),
        (["lost+found", ".snapshot"], False, {}, "initialise"),
        ([], False, {"role": "replica"}, "initialise"),
        ([], False, {"role": "primary"}, "refuse"),
        (["mysql.ibd", "ibdata1", "mysql"], False, {"role": "primary"}, "start"),
        (["ibdata1"], True, {}, "initialise"),
        (["ibdata1", "#innodb_redo", "undo_001", "mysql.ibd", "mysql", "sys", "performance_schema", "ca-key.pem", "auto.cnf"], True, {}, "initialise"),
        # Somebody put a server's data there by hand after the interruption.
        (["ibdata1", "mysql.ibd", "mysql", "sys", "wandb_local"], True, {}, "refuse"),
        (["ibdata1", "mysql.ibd", "onprem_wandb"], True, {"role": "replica"}, "refuse"),
        (["precious.txt"], True, {}, "refuse"),
        (["ibdata1"], False, {}, "refuse"),
        (["precious.txt"], False, {}, "refuse"),
    ],
)
def test_what_happens_to_a_data_directory(names: list[str], marker: bool, role: dict[str, t.Any], expected: str) -> None:
    assert guard.data_directory(names, marker, role)[0] == expected


def prepare(monkeypatch: pytest.MonkeyPatch, folder: pathlib.Path, data: str = "data", mysqld: str = "/bin/true") -> int:
    owner = guard.pwd.getpwuid(guard.os.getuid())
    monkeypatch.setattr(guard.pwd, "getpwnam", lambda _name: owner)
    config = {"datadir": str(folder / data), "role_file": str(folder / "state/role.json"), "user": "mysql", "mysqld": mysqld, "my_cnf": "/x"}
    return int(guard.prepare(config))


def test_a_mark_of_an_interruption_never_deletes_what_was_put_back_by_hand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(guard.subprocess.CalledProcessError):
        prepare(monkeypatch, tmp_path, mysqld="/bin/false")
    for name in ("mysql.ibd", "wandb_local"):
        (tmp_path / "data" / name).mkdir()
    assert prepare(monkeypatch, tmp_path) == 1
    assert (tmp_path / "data/wandb_local").is_dir()
    mark = tmp_path / "data" / guard.INITIALISING
    said = capsys.readouterr().err
    assert "wandb_local came since, which it does not make. Nothing was touched." in said
    assert said.endswith(f"Next: rm {mark} && systemctl start mysqld (only when these are good data)\n")
    mark.unlink()
    assert prepare(monkeypatch, tmp_path) == 0


def test_a_mark_speaks_of_its_own_directory_only(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    with pytest.raises(guard.subprocess.CalledProcessError):
        prepare(monkeypatch, tmp_path, mysqld="/bin/false")
    for name in ("mysql.ibd", "mysql"):
        (tmp_path / "other" / name).mkdir(parents=True)
    assert prepare(monkeypatch, tmp_path, data="other") == 0
    assert (tmp_path / "other/mysql.ibd").exists()
    (tmp_path / "data").rename(tmp_path / "aside")
    (tmp_path / "other").rename(tmp_path / "data")
    assert prepare(monkeypatch, tmp_path) == 0
    assert (tmp_path / "data/mysql.ibd").exists()


def test_an_interrupted_initialisation_is_done_again(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    with pytest.raises(guard.subprocess.CalledProcessError):
        prepare(monkeypatch, tmp_path, mysqld="/bin/false")
    (tmp_path / "data/ibdata1").touch()
    assert prepare(monkeypatch, tmp_path) == 0
    assert not list((tmp_path / "data").iterdir())


def test_every_refusal_of_a_data_directory_ends_with_a_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/role.json").write_text('{"role": "primary"}')
    assert prepare(monkeypatch, tmp_path) == 1
    assert capsys.readouterr().err.endswith(f"to begin with an empty server all the same: rm {tmp_path}/state/role.json; systemctl start mysqld\n")
    (tmp_path / "data/precious.txt").touch()
    assert prepare(monkeypatch, tmp_path) == 1
    assert capsys.readouterr().err.endswith(f"Next: ls -la {tmp_path}/data\n")


@pytest.mark.parametrize(
    ("stage", "refused"),
    [("prepared", False), ("placing", True), ("old data moved", True), ("placed", False), ("leaving", False), ("setting aside", True), (None, False)],
)
def test_no_server_is_made_in_the_middle_of_a_restore(
    stage: str, refused: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reboot between 'the old data are away' and 'the restored ones are in place': the directory is empty. A mark whose restore is gone says nothing."""
    begun: list[str] = []
    monkeypatch.setattr(guard, "initialise", lambda _config, marker: begun.append(marker))
    state, config = tmp_path / "state/restore.json", {"role_file": str(tmp_path / "role.json"), "datadir": str(tmp_path / "data"), "user": "root"}
    (tmp_path / "role.json.restoring").write_text(json.dumps({"state": str(state)}))
    if stage is not None:
        state.parent.mkdir()
        state.write_text(json.dumps({"stage": stage, "to": "latest", "kept": "/var/lib/mysql.before-restore-x"}))
    monkeypatch.setattr(guard.pwd, "getpwnam", lambda _name: types.SimpleNamespace(pw_uid=os.getuid(), pw_gid=os.getgid()))
    assert guard.prepare(config) == (1 if refused else 0)
    said = capsys.readouterr().err
    assert bool(begun) is not refused
    if refused:
        assert f"('{stage}')" in said and "/var/lib/mysql.before-restore-x" in said
        assert "Next: ansible-playbook onprem.wandb.mysql_restore -i <inventory>" in said


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard.main(["open"]) == 1
    assert "usage" in capsys.readouterr().err


def test_a_missing_configuration_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(guard, "CONFIG", str(tmp_path / "guard.json"))
    assert guard.main(["guard"]) == 1
    assert "Next: ansible-playbook onprem.wandb.mysql -i" in capsys.readouterr().err


def test_initialising_leaves_the_marker_when_it_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    data = tmp_path / "data"
    (data / "half").mkdir(parents=True)
    (data / "lost+found").mkdir()
    marker = tmp_path / "marker"
    with pytest.raises(guard.subprocess.CalledProcessError):
        guard.initialise({"datadir": str(data), "mysqld": "/bin/false", "my_cnf": "/x"}, str(marker))
    assert marker.exists()
    assert [path.name for path in data.iterdir()] == ["lost+found"]
    guard.initialise({"datadir": str(data), "mysqld": "/bin/true", "my_cnf": "/x"}, str(marker))
    assert not marker.exists()


def test_a_server_that_stays_read_only_says_what_can_be_typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """review-1 17: it sent people to the inventory, which decides nothing here."""
    monkeypatch.setattr(guard, "look_and_act", lambda _config: (guard.STAY, "db2:3306 is writable"))
    monkeypatch.setattr(guard, "note", lambda *_args: None)
    assert guard.guard({}) == 1
    said = capsys.readouterr().err
    assert "stays read-only: db2:3306 is writable. Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>" in said
    assert "mysql_rejoin -i <inventory>" in said
    assert "site.yml" not in said


class Session:
    """A connection that is closed."""

    def close(self) -> None:
        """Nothing."""


SENT = "Source has sent all binlog to replica; waiting for more updates"
SENDS = "Sending binlog event to replica"


@pytest.mark.parametrize(
    ("states", "statements"),
    [
        ([], ["SET GLOBAL offline_mode = ON"]),
        ([SENT], ["SET GLOBAL offline_mode = ON", "KILL 7", "SHUTDOWN"]),
        ([SENT, "Master has sent all binlog to slave; waiting for more updates"], ["SET GLOBAL offline_mode = ON", "KILL 7", "KILL 8", "SHUTDOWN"]),
        # One that lacks something keeps its session: the server sends it the rest and takes its time.
        ([SENT, SENDS], ["SET GLOBAL offline_mode = ON"]),
    ],
)
def test_a_stop_waits_for_no_session_that_has_sent_everything(monkeypatch: pytest.MonkeyPatch, states: list[str], statements: list[str]) -> None:
    """A shutdown of a primary took 11 s, of which 10 were the server's wait for the session that sends to the standby."""
    done: list[str] = []
    monkeypatch.setattr(guard, "SENT", 0.1)
    monkeypatch.setattr(guard, "connect_local", lambda _config, timeout: Session())
    monkeypatch.setattr(guard, "rows", lambda _connection, _sql: [{"id": 7 + number, "state": state} for number, state in enumerate(states)])
    monkeypatch.setattr(guard, "run", lambda _connection, *words: done.extend(words))
    assert guard.stop({}) == 0
    assert done == statements


def test_a_session_that_is_gone_does_not_keep_the_server_up(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def run(_connection: t.Any, statement: str) -> None:
        done.append(statement)
        if statement == "KILL 7":
            raise pymysql.err.OperationalError(1094, "Unknown thread id: 7")

    monkeypatch.setattr(guard, "run", run)
    guard.end_with(Session(), [7])
    assert done == ["KILL 7", "SHUTDOWN"]
