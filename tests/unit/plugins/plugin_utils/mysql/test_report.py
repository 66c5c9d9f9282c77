# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every line that mysql_status can print, where it is true and where it is not."""

from __future__ import annotations

import copy
import json
import pathlib
import re
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import backup, drift
from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import report
from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql.pair import Member
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.mysql.status_file import status_file

from . import mysql_looks as looks

NOW = backup.epoch("2026-11-23T14:00:00Z")
STATUS = status_file("2026-11-23")


def said(db1: t.Optional[dict[str, t.Any]], db2: t.Optional[dict[str, t.Any]]) -> str:
    return "\n".join(report.lines(looks.pair(db1, db2), "db1"))


def kept(tmp_path: pathlib.Path, change: t.Callable[[dict[str, t.Any]], t.Any] = lambda found: None) -> backup.Backups:
    """What the judge makes of a status file: never a shape of this test's own."""
    found = copy.deepcopy(STATUS)
    change(found)
    (tmp_path / "status.json").write_text(json.dumps(found))
    return backup.read(str(tmp_path / "status.json"), NOW)


def of_backups(state: backup.Backups) -> list[str]:
    return list(report.member(Member("db1", "a:1", {**looks.primary("db1"), "backup": state})))[-3:]


def test_a_proved_backup_is_said(tmp_path: pathlib.Path) -> None:
    """The line once read keys that nobody wrote, and said never beside a proved backup."""
    assert of_backups(kept(tmp_path))[1:] == [
        "  last full backup 2026-11-23T01:30:00Z, last one proved by a restore 2026-11-23T03:30:00Z",
        "  binary logs in the repository up to 2026-11-23T13:59:30Z, shipped by this host, last 30 s ago",
    ]


def test_an_empty_repository_is_said(tmp_path: pathlib.Path) -> None:
    nothing = {"looked_at": "", "fulls": [], "newest_binlog_at": "", "verified_at": ""}
    assert of_backups(kept(tmp_path, lambda found: found.update(repository=nothing))) == [
        "  last full backup never, last one proved by a restore never",
        "  binary logs in the repository up to (none), shipped by this host, last 30 s ago",
        "  backups: PROBLEM: there is no full backup. Next: mysql-backup full",
    ]


def test_who_ships_is_said(tmp_path: pathlib.Path) -> None:
    other = kept(tmp_path, lambda found: found["steps"]["ship"].update(acted=False))
    assert of_backups(other)[-1] == "  binary logs in the repository up to 2026-11-23T13:59:30Z, shipped by another host"
    never = kept(tmp_path, lambda found: found["steps"]["ship"].update(last_success=""))
    assert of_backups(never)[1].endswith(", to be shipped by this host, which never did")


def test_backups_that_are_not_there_or_not_wanted(tmp_path: pathlib.Path) -> None:
    absent = backup.read(str(tmp_path / "none.json"))
    assert of_backups(absent)[-1].startswith("  backups: PROBLEM: no backups are configured on this host: ")
    assert not any("last full" in line for line in of_backups(absent))
    accepted = of_backups(backup.read(str(tmp_path / "none.json"), accepted_none=True))
    assert accepted[-1] == "  backups: none, accepted by mysql_backup_accept_none; a lost pair is a lost database"
    assert not any("PROBLEM" in line for line in accepted)


DEAD = looks.dead("db2", "replica")
PRIMARY, STANDBY = looks.primary("db1"), looks.standby("db2")
SEMI = {"source_enabled": True, "source_status": "ON", "attached": 1, "waiting_sessions": 0, "no_tx": 0}
GUARD = {"at": "2026-11-23T13:54:31Z", "decision": "open", "reason": "its standby vouches"}
DISK = {"path": "/var/lib/mysql", "total": 1000 << 20, "free": 900 << 20, "binary_logs": 10 << 20}
DEGRADED = {"since": "2026-11-23T22:10:04Z", "reason": "memory of db2", "seconds": 311}
DIFFERS = drift.differences({"sync_binlog": 1}, {"sync_binlog": "0"})
OLD = looks.primary("db1", read_only=True, super_read_only=True)

# A line, a look in which it stands, and one in which it does not.
LINES: list[tuple[str, tuple[t.Any, t.Any], tuple[t.Any, t.Any]]] = [
    ("primary: db1\n", (PRIMARY, STANDBY), (looks.standby("db1"), looks.primary("db2"))),
    ("primary: db1, but NO SERVER that answers TAKES WRITES", (OLD, STANDBY), (PRIMARY, STANDBY)),
    ("PROBLEM: db1 and db2 are both writable", (PRIMARY, looks.primary("db2")), (PRIMARY, STANDBY)),
    ("PROBLEM: db1 and db2 do not answer over SSH, so who is the primary is not known. Next: ansible db1:db2 ", (None, None), (None, STANDBY)),
    ("db2 10.0.0.22:3306: does not answer over SSH", (PRIMARY, None), (PRIMARY, STANDBY)),
    ("db2 10.0.0.22:3306: the server does not serve (no socket (error 2003)); recorded as replica", (PRIMARY, DEAD), (PRIMARY, STANDBY)),
    ("db1 10.0.0.21:3306: primary, writable, MySQL 8.4.11", (PRIMARY, STANDBY), (OLD, STANDBY)),
    ("db1 10.0.0.21:3306: primary, fenced", (looks.primary("db1", offline_mode=True), STANDBY), (PRIMARY, STANDBY)),
    ("db2 10.0.0.22:3306: replica, read-only", (PRIMARY, STANDBY), (PRIMARY, looks.primary("db2"))),
    ("  holds 11111111-0000:1-9", (PRIMARY, STANDBY), (looks.primary("db1", gtid_executed=""), None)),
    ("  holds no transaction", (looks.primary("db1", gtid_executed=""), STANDBY), (PRIMARY, STANDBY)),
    ("  follows 10.0.0.21:3306: IDENTICAL, receiver ON, applier ON, lag 0.0 s, heard 1.0 s ago", (PRIMARY, STANDBY), (PRIMARY, looks.cut_off("db2"))),
    ("source cannot be asked", (PRIMARY, looks.standby("db2", gtid_state="")), (PRIMARY, STANDBY)),
    ("heard never", (PRIMARY, looks.standby("db2", channel=looks.channel("db2", contact_age_seconds=None))), (PRIMARY, STANDBY)),
    ("  receiver error: no way", (PRIMARY, looks.standby("db2", channel=looks.channel("db2", receiver_error="no way"))), (PRIMARY, STANDBY)),
    ("  applier error: no row", (PRIMARY, looks.standby("db2", channel=looks.channel("db2", applier_error="no row"))), (PRIMARY, STANDBY)),
    ("  missing transactions: u:7", (PRIMARY, looks.standby("db2", missing="u:7")), (PRIMARY, STANDBY)),
    ("  errant transactions: u:8", (PRIMARY, looks.standby("db2", errant="u:8")), (PRIMARY, STANDBY)),
    ("  commits wait for a standby: 1 attached, 0 sessions waiting, 0 unacknowledged", (looks.primary("db1", semisync=SEMI), STANDBY), (STANDBY, STANDBY)),
    ("  commits wait for a standby", (PRIMARY, STANDBY), (looks.primary("db1", semisync={**SEMI, "source_status": "OFF"}), STANDBY)),
    ("but its status is OFF; 0 attached", (looks.primary("db1", semisync={**SEMI, "source_status": "OFF", "attached": 0}), STANDBY), (PRIMARY, STANDBY)),
    ("  commits do NOT wait for a standby\n", (looks.primary("db1", semisync={"source_enabled": False}), STANDBY), (PRIMARY, STANDBY)),
    ("  10.0.0.22:3306 is unreachable from here: No route", (looks.primary("db1", peers=looks.nobody("db1")), STANDBY), (PRIMARY, STANDBY)),
    ("  10.0.0.22:3306 is ahead by u:9", (looks.primary("db1", peers=looks.peer("db1", ahead="u:9")), STANDBY), (PRIMARY, STANDBY)),
    ("  role guard at 2026-11-23T13:54:31Z: open (its standby vouches)", (looks.primary("db1", guard=GUARD), STANDBY), (PRIMARY, STANDBY)),
    ("  disk /var/lib/mysql: 900 of 1000 MiB free, binary logs 10 MiB", (looks.primary("db1", disk=DISK), STANDBY), (PRIMARY, STANDBY)),
    ("  differing variables: sync_binlog is 0, declared 1", (looks.primary("db1", differing_variables=DIFFERS), STANDBY), (PRIMARY, STANDBY)),
    ("  persisted variables: a, b", (looks.primary("db1", persisted_variables=["a", "b"]), STANDBY), (PRIMARY, STANDBY)),
    ("  BOOTS WITHOUT ASKING its standby", (looks.primary("db1", boots_without_peer=True), STANDBY), (PRIMARY, STANDBY)),
    ("  BOOTS WITHOUT ASKING its standby", (PRIMARY, {**DEAD, "boots_without_peer": True}), (PRIMARY, DEAD)),
    ("  DEGRADED since 2026-11-23T22:10:04Z (311 s): memory of db2", (looks.primary("db1", degraded=DEGRADED), STANDBY), (PRIMARY, STANDBY)),
]


@pytest.mark.parametrize(("line", "true", "false"), LINES, ids=[line.strip() for line, _true, _false in LINES])
def test_each_line_is_there_when_it_is_true_and_only_then(line: str, true: tuple[t.Any, t.Any], false: tuple[t.Any, t.Any]) -> None:
    assert line in said(*true) + "\n"
    assert line not in said(*false) + "\n"


def test_the_journal_is_in_the_order_of_time() -> None:
    db1 = looks.primary("db1", journal=[{"at": "2026-11-23T22:10:02Z", "operation": "switchover", "state": "fenced", "statement": "SET x", "seconds": 0.002}])
    db2 = looks.standby("db2", journal=[{"at": "2026-11-23T22:10:01Z", "state": "primary", "failure": "no"}, {"at": "2026-11-23T22:10:03Z", "note": "done"}])
    assert report.lines(looks.pair(db1, db2), "db1")[-4:] == [
        "journal:",
        "  2026-11-23T22:10:01Z db2 -/primary: FAILED no",
        "  2026-11-23T22:10:02Z db1 switchover/fenced: SET x (0.002 s)",
        "  2026-11-23T22:10:03Z db2 -/None: done",
    ]
    assert "journal:" not in said(PRIMARY, STANDBY)


def test_what_operations_tell_people_to_look_for_is_printed(tmp_path: pathlib.Path) -> None:
    """Before PURGE BINARY LOGS a person compares two lines: the page must quote what is printed."""
    page = " ".join((pathlib.Path(__file__).parents[5] / "docs/operations.md").read_text().split())
    sentence = page[page.index("`PURGE BINARY LOGS BEFORE") :]
    quoted = re.findall("`([^`]+)`", sentence[: sentence.index("(both in UTC")])
    printed = said(PRIMARY, {**STANDBY, "backup": kept(tmp_path)})
    assert quoted == ["PURGE BINARY LOGS BEFORE '<time>'", "mysql_status", "IDENTICAL", "binary logs in the repository up to …", "<time>"]
    assert all(words.rstrip(" …") in printed for words in (quoted[2], quoted[3]))
