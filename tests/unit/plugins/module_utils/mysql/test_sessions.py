# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who stands in the way of a change of roles. What a real server prints is compared by tests/mysql/test_sessions.py."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import clearing, sessions
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem

ROOT = {"id": 42, "thread": 81, "user": "root", "host": "localhost", "command": "Query", "seconds": 31, "statement": "SELECT `SLEEP` (?)"}
APP = {**ROOT, "id": 50, "thread": 90, "user": "wandb_local", "host": "10.0.0.12"}
SPARED = {"root", "replication"}


def lock(what: str, type_: str, name: str = "t", thread: int = 81) -> dict[str, t.Any]:
    """A row of metadata_locks."""
    db = "wandb_local" if what == "TABLE" else ""
    return {"thread": thread, "what": what, "db": db, "name": name if what == "TABLE" else "", "type": type_}


def transaction(changed: int = 0, locked: int = 0, session: int = 42) -> dict[str, t.Any]:
    """A row of INNODB_TRX."""
    return {"id": session, "seconds": 90, "changed": changed, "locked": locked}


WRITES = lock("GLOBAL", "INTENTION_EXCLUSIVE")
READ_LOCK = [lock("GLOBAL", "SHARED"), lock("COMMIT", "SHARED")]


@pytest.mark.parametrize(
    ("session", "locks", "transactions", "purpose", "holds"),
    [
        (ROOT, [], [], "fence", []),
        (ROOT, [WRITES, lock("TABLE", "SHARED_NO_READ_WRITE")], [], "fence", ["LOCK TABLES … WRITE of wandb_local.t"]),
        (ROOT, [lock("TABLE", "SHARED_READ_ONLY")], [], "fence", ["LOCK TABLES … READ of wandb_local.t"]),
        (ROOT, READ_LOCK, [], "fence", ["FLUSH TABLES WITH READ LOCK"]),
        (ROOT, [WRITES], [], "fence", ["a statement that writes"]),
        (ROOT, [], [transaction(3, 4)], "fence", ["an open transaction (3 rows changed, 4 locked)"]),
        (ROOT, [], [transaction(0, 1)], "fence", ["an open transaction (0 rows changed, 1 locked)"]),
        # A dump reads in one transaction for hours and loses nothing by the change.
        (ROOT, [lock("TABLE", "SHARED_READ")], [transaction()], "fence", []),
        # Ended by offline_mode within milliseconds.
        (APP, [lock("TABLE", "SHARED_NO_READ_WRITE", thread=90)], [transaction(9, 9, 50)], "fence", []),
        (APP, [], [transaction(100001, 9, 50)], "fence", ["an open transaction of 100001 rows, whose rollback takes about as long as it took"]),
        (APP, [lock("TABLE", "SHARED_UPGRADABLE", thread=90)], [], "fence", ["a change of the table wandb_local.t"]),
        ({**APP, "seconds": 1}, [lock("TABLE", "SHARED_UPGRADABLE", thread=90)], [], "fence", []),
        ({**APP, "command": "Sleep"}, [lock("TABLE", "SHARED_UPGRADABLE", thread=90)], [], "fence", []),
        # Nobody ends sessions of a standby that is opened: whoever holds its applier up counts.
        (APP, [lock("TABLE", "SHARED_READ_ONLY", thread=90)], [], "open", ["LOCK TABLES … READ of wandb_local.t"]),
        (ROOT, READ_LOCK, [], "open", ["FLUSH TABLES WITH READ LOCK"]),
        (ROOT, [], [transaction(3, 4)], "open", []),
        # Never counted: the collection's own, the server's own.
        ({**ROOT, "user": "replication"}, READ_LOCK, [], "fence", []),
        ({**ROOT, "user": "system user"}, [WRITES], [], "fence", []),
        ({**ROOT, "user": None}, READ_LOCK, [], "fence", []),
    ],
)
def test_who_stands_in_the_way(session: t.Any, locks: t.Any, transactions: t.Any, purpose: str, holds: list[str]) -> None:
    found = sessions.judge([session], locks, transactions, SPARED, ("replication",), purpose)
    assert [list(one.holds) for one in found] == ([holds] if holds else [])


def test_a_session_is_named_as_a_person_looks_for_it() -> None:
    found = sessions.judge([ROOT], [lock("TABLE", "SHARED_NO_READ_WRITE", "ft_lock")], [transaction(3, 4)], SPARED, (), "fence")[0]
    assert str(found) == (
        "session 42 of root@localhost holds LOCK TABLES … WRITE of wandb_local.ft_lock and an open transaction (3 rows changed, 4 locked) for 90 s "
        "(last statement: SELECT `SLEEP` (?))"
    )


def test_a_long_statement_is_shortened() -> None:
    found = sessions.judge([{**ROOT, "statement": "INSERT INTO\n t " + "x" * 500}], READ_LOCK, [], SPARED, (), "fence")[0]
    assert len(found.statement) == sessions.SHOWN
    assert found.statement.startswith("INSERT INTO t xxx")
    assert found.statement.endswith("…")


@pytest.mark.parametrize(
    ("users", "edges", "found"),
    [
        ({"root"}, [], {"root"}),
        ({"dba"}, [{"role": "dba", "user": "anna"}, {"role": "other", "user": "otto"}], {"dba", "anna"}),
        ({"dba"}, [{"role": "team", "user": "anna"}, {"role": "dba", "user": "team"}], {"dba", "team", "anna"}),
        ({"a"}, [{"role": "a", "user": "b"}, {"role": "b", "user": "a"}], {"a", "b"}),
    ],
)
def test_rights_through_roles(users: set[str], edges: t.Any, found: set[str]) -> None:
    assert sessions.with_roles(users, edges) == found


SEEN = sessions.judge([ROOT], READ_LOCK, [], SPARED, (), "fence")


@pytest.mark.parametrize(
    ("found", "waiting", "attached", "words", "never"),
    [
        (SEEN, 0, 1, "on db1: mysql -e 'KILL 42'; then run this again.", "standby"),
        (SEEN, 5, 0, "session 42 of root@localhost", "bring the standby back"),
        ([], 5, 0, "5 sessions wait for an acknowledgement, and no standby is attached. Next: ansible-playbook onprem.wandb.mysql_status -i", "KILL"),
        ([], 5, 1, "acknowledgement of 1 attached standby(s)", "bring the standby back"),
        ([], 0, 1, "no session that holds a lock. Next: on db1: mysql -e 'SHOW FULL PROCESSLIST'", "bring the standby back"),
        ([], 0, 0, "SHOW FULL PROCESSLIST", "bring the standby back"),
    ],
)
def test_a_statement_that_hangs_is_blamed_on_who_holds_it(found: t.Any, waiting: int, attached: int, words: str, never: str) -> None:
    """FC-49: with a healthy standby it said "bring the standby back", and the session that held the lock was not named."""
    said = sessions.late("db1", "SET GLOBAL super_read_only = ON", 30, "timed out", found, waiting, attached)
    assert said.startswith("db1: SET GLOBAL super_read_only = ON did not return within 30 s (timed out).")
    assert words in said
    assert never not in said


class Fake:
    """A server with sessions that end after some looks, or when they are killed."""

    name = "db1"

    def __init__(self, looks: int, check_mode: bool = False) -> None:
        self.left, self.check_mode = looks, check_mode
        self.killed: list[str] = []

    def rows(self, sql: str) -> list[dict[str, t.Any]]:
        """What the four questions are answered with."""
        if sql == sessions.SESSIONS:
            self.left -= 1
            return [ROOT] if self.left >= 0 and not self.killed else []
        return {sessions.LOCKS: READ_LOCK, sessions.SPARED: [{"user": "root"}]}.get(sql, [])

    def change(self, statement: t.Any) -> None:
        """KILL."""
        if not self.check_mode:
            self.killed.append(statement.sql)


def test_nobody_is_there() -> None:
    assert clearing.clear(t.cast("t.Any", Fake(0)), "fence", (), "refuse", 0) == []


def test_a_session_that_ends_is_waited_for() -> None:
    found = clearing.clear(t.cast("t.Any", Fake(3)), "fence", (), "refuse", 5)
    assert found[0].startswith("waited for: session 42 of root@localhost holds FLUSH TABLES WITH READ LOCK")


def test_a_session_that_stays_is_refused_with_what_can_be_typed() -> None:
    fake = Fake(10**6)
    with pytest.raises(Problem) as refused:
        clearing.clear(t.cast("t.Any", fake), "fence", (), "refuse", 0)
    assert "db1: session 42 of root@localhost holds FLUSH TABLES WITH READ LOCK for 31 s" in str(refused.value)
    assert "nothing was changed. Next: " in str(refused.value)
    assert "on db1: mysql -e 'KILL 42'" in str(refused.value)
    assert "-e mysql_blocking_sessions=end" in str(refused.value)
    assert fake.killed == []


def test_a_session_is_ended_when_told() -> None:
    fake = Fake(10**6)
    assert clearing.clear(t.cast("t.Any", fake), "fence", (), "end", 5)[0].startswith("ended: session 42")
    assert fake.killed == ["KILL 42"]


def test_check_mode_ends_nobody() -> None:
    fake = Fake(10**6, check_mode=True)
    assert clearing.clear(t.cast("t.Any", fake), "fence", (), "end", 0)[0].startswith("would end: session 42")
    assert fake.killed == []
