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
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import plan, server
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.member import Channel, Member
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.term import Term
from hypothesis import given
from hypothesis import strategies as st

from .role_value import value

PATH = pathlib.Path(__file__).parents[3] / "roles/mysql/files/mysql_role_guard.py"
SPEC = importlib.util.spec_from_file_location("mysql_role_guard", PATH)
assert SPEC and SPEC.loader
guard = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(guard)

PRIMARY = {"role": "primary", "server_uuid": "me", "semi_sync": True}
THREADS = {"Yes": "ON", "No": "OFF", "Connecting": "CONNECTING"}


def member(uuid: str, writable: bool = False, fenced: bool = False, source_enabled: bool = False, term: t.Optional[Term] = None, **channel: str) -> Member:
    """A server, read-only unless said otherwise. channel: source_uuid, receiver, applier; none without."""
    made = Channel({}, THREADS[channel.get("receiver", "Yes")], THREADS[channel.get("applier", "Yes")], channel.get("source_uuid", "")) if channel else None
    return Member("8.4.11", uuid, not writable, not writable, fenced, source_enabled=source_enabled, channel=made, term=term or Term())


def peer_of(
    state: str = plan.OK,
    ahead: str = "",
    source_uuid: str = "me",
    receiver: str = "Connecting",
    term: int = 3,
    writable: bool = False,
    source_enabled: bool = False,
    fenced: bool = False,
) -> plan.Peer:
    """The other server; it replicates from this one unless said otherwise."""
    channel = {"source_uuid": source_uuid, "receiver": receiver} if source_uuid else {}
    found = member("peer", writable, fenced, source_enabled, Term(term, "me" if term <= 3 else "peer"), **channel)
    return plan.Peer("db2:3306", state, member=found, ahead=ahead) if state == plan.OK else plan.Peer("db2:3306", state)


def decide(role: t.Any = None, me: t.Any = None, peer: t.Any = None, without_peer: bool = False, reigns: bool = True) -> tuple[str, str]:
    asked = [] if peer is None else [peer_of(**peer)]
    here = member("me", term=Term(3, "me" if reigns else "third"), **(me or {}))
    return guard.decide(PRIMARY if role is None else role, here, asked, without_peer)


def test_a_configured_channel_is_resumed() -> None:
    assert decide(me={"receiver": "No", "applier": "No"})[0] == guard.START_REPLICATION
    assert decide(me={"receiver": "Yes", "applier": "Yes"})[0] == guard.DONE


def test_a_channel_wins_over_the_record() -> None:
    assert decide(role=PRIMARY, me={"receiver": "No", "applier": "No"}, peer={})[0] == guard.START_REPLICATION


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
        ({"state": "offline"}, guard.WAIT),
    ],
)
def test_what_a_peer_means_for_the_recorded_primary(peer: dict[str, t.Any], expected: str) -> None:
    assert decide(peer=peer)[0] == expected


def test_a_later_term_of_somebody_else_counts_for_nothing() -> None:
    assert decide(reigns=False, peer={"ahead": "u:7", "term": 2})[0] == guard.STAY


def test_without_peers_the_primary_opens() -> None:
    assert decide()[0] == guard.OPEN


def test_an_unreachable_peer_may_be_accepted_and_a_writable_one_never() -> None:
    assert decide(peer={"state": "unreachable"}, without_peer=True)[0] == guard.OPEN
    assert decide(peer={"writable": True}, without_peer=True)[0] == guard.STAY


STATES = [plan.OK, plan.BARE, plan.OFFLINE, plan.UNREACHABLE]
SEEN = st.fixed_dictionaries(
    {
        "state": st.sampled_from(STATES),
        "writable": st.booleans(),
        "ahead": st.sampled_from(["", "u:7"]),
        "source_uuid": st.sampled_from(["", "me", "third"]),
        "receiver": st.sampled_from(sorted(THREADS)),
        "source_enabled": st.booleans(),
        "term": st.sampled_from([2, 3, 4]),
    }
)


@given(SEEN, st.booleans(), st.booleans())
def test_the_guard_opens_nothing_that_the_module_would_refuse(seen: dict[str, t.Any], without_peer: bool, reigns: bool) -> None:
    if decide(reigns=reigns, peer=seen, without_peer=without_peer)[0] != guard.OPEN:
        return
    me = Member("8.4.11", "me", source_enabled=False, replica_enabled=False, term=Term(3, "me" if reigns else "third"))
    assert not plan.peer_refusal(me, [peer_of(**seen)], plan.Desired(accept_unreachable_peers=without_peer))


class Answering:
    """A connection whose server answers by what a statement contains."""

    open = True

    def __init__(self, answers: dict[str, list[dict[str, t.Any]]]) -> None:
        self.answers, self.said = answers, t.cast("list[str]", [])

    def cursor(self, _kind: t.Any) -> t.Any:
        return self

    def __enter__(self) -> t.Any:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing."""

    def execute(self, sql: str, args: t.Any) -> None:
        self.said.append(sql % args if args else sql)
        self.found = next((rows for part, rows in self.answers.items() if part in self.said[-1]), [])

    def fetchall(self) -> list[dict[str, t.Any]]:
        return self.found

    def close(self) -> None:
        self.open = False


VARIABLES = {
    **dict.fromkeys(("read_only", "super_read_only"), "ON"),
    **dict.fromkeys(("offline_mode", "rpl_semi_sync_source_enabled", "rpl_semi_sync_replica_enabled"), "OFF"),
    **{"version": "8.4.11", "server_uuid": "me", "server_id": "1", "gtid_mode": "ON", "gtid_executed": "me:1-5", "gtid_purged": ""},
}


def answering(*uuid: str, **replica: str) -> Answering:
    """A server that says what one says: variables, replication, the last term."""
    status = {"Source_Host": "db1", "Source_Port": 3306, "Last_IO_Error": "", "Last_SQL_Error": "", "Retrieved_Gtid_Set": "", **replica}
    variables = {**VARIABLES, **({"server_uuid": uuid[0]} if uuid else {})}
    return Answering(
        {
            "GET_LOCK": [{"got": 1}],
            "GLOBAL VARIABLES": [{"Variable_name": name, "Value": value} for name, value in variables.items()],
            "SHOW REPLICA STATUS": [status] if replica else [],
            "onprem_wandb.reign": [{"term": 3, "server_uuid": "me"}],
            "GTID_SUBTRACT": [{"ahead": ""}],
        }
    )


FOLLOWS = {"Source_UUID": "me", "Replica_IO_Running": "Yes", "Replica_SQL_Running": "Yes"}


@pytest.mark.parametrize(
    ("here", "there", "decision", "statements"),
    [
        (answering(), answering("peer", **FOLLOWS), guard.OPEN, ["source_enabled = ON", "super_read_only = OFF", "read_only = OFF"]),
        (answering(), answering("peer", **{**FOLLOWS, "Replica_IO_Running": "No"}), guard.WAIT, []),
        (answering(), answering("peer", **{**FOLLOWS, "Source_UUID": "third"}), guard.STAY, []),
        (answering(**{**FOLLOWS, "Replica_IO_Running": "No"}), None, guard.START_REPLICATION, ["replica_enabled = ON", "START REPLICA"]),
        (answering(**FOLLOWS), None, guard.DONE, []),
    ],
)
def test_a_round_over_the_sessions_of_the_library(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, here: Answering, there: t.Optional[Answering], decision: str, statements: list[str]
) -> None:
    """What is read, what follows from it, and what is said to the server, with nothing replaced but the wires."""
    (tmp_path / "role.json").write_text(json.dumps(PRIMARY))
    asked: list[server.Address] = []
    monkeypatch.setattr(guard, "local", lambda _path, timeout: server.Server(lambda _seconds: here, "here", timeout=timeout))
    monkeypatch.setattr(guard.peers, "remote", lambda address, timeout: (asked.append(address), server.Server(lambda _seconds: there, "there"))[1])
    config = {
        **{"socket": "/s", "role_file": str(tmp_path / "role.json"), "boot_without_peer": False},
        **{"peers": [{"host": "db2", "port": 3306}], "peer_user": "repl", "peer_password": "s3cret", "ca": "/ca.crt"},
    }
    assert guard.look_and_act(config)[0] == decision
    changed = [sql for sql in here.said if sql.startswith(("SET ", "START "))]
    assert len(changed) == len(statements) and all(one in sql for one, sql in zip(statements, changed))
    assert asked == ([server.Address("db2", 3306, "repl", "s3cret", "/ca.crt")] if there else [])
    assert not here.open


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
    sessions = [{"id": 7 + number, "state": state} for number, state in enumerate(states)]
    here = Answering({"performance_schema.processlist": sessions})
    monkeypatch.setattr(guard, "local", lambda _path, timeout: server.Server(lambda _seconds: here, "here", timeout=timeout))
    monkeypatch.setattr(guard, "run", lambda _server, *words: done.extend(words))
    assert guard.stop({"socket": "/s"}) == 0
    assert done == statements


def test_a_session_that_is_gone_does_not_keep_the_server_up(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def run(_connection: t.Any, statement: str) -> None:
        done.append(statement)
        if statement == "KILL 7":
            raise pymysql.err.OperationalError(1094, "Unknown thread id: 7")

    monkeypatch.setattr(guard, "run", run)
    guard.end_with(None, [7])
    assert done == ["KILL 7", "SHUTDOWN"]


@pytest.mark.parametrize(("asked", "primary", "said"), [(True, True, True), (True, False, False), (False, True, False)])
def test_the_role_says_that_the_word_outlives_the_run(asked: bool, primary: bool, said: bool) -> None:
    """The guard reads it at each boot: an old primary that comes back after a failover would open, too."""
    told = value("mysql", "__mysql_guard_word", mysql_boot_without_peer=asked, __mysql_is_primary=primary)
    assert bool(told) is said and ("Next: ansible-playbook onprem.wandb.mysql -i <inventory>" in told) is said
    one = peer_of(state=plan.UNREACHABLE)
    assert guard.decide(PRIMARY, member("me"), [one], without_peer=asked)[0] == (guard.OPEN if asked else guard.WAIT)
