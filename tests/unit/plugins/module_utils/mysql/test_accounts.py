# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import accounts
from hypothesis import given
from hypothesis import strategies as st

USER = {"name": "app", "host": "%", "password": "x", "require_ssl": False, "grants": []}
# HEX(authentication_string) of the password x, written by MySQL 9.7.4.
STORED = bytes.fromhex(
    "244124303041240E1858743A4262301C4A44061A1107452864552F47345749304639492F46342E30716E6B384B64314979687675573874516B5534695A5534324D6670694F38"
)
SEEN = {"plugin": "caching_sha2_password", "stored": STORED, "ssl_type": ""}


def grant(privileges: list[str], target: str = "*.*", grant_option: bool = False) -> dict[str, t.Any]:
    return {"privileges": privileges, "target": target, "grant_option": grant_option}


def shown(statements: t.Iterable[t.Any]) -> list[str]:
    return [one.shown() for one in statements]


def test_grants_are_read_as_the_server_writes_them() -> None:
    found = accounts.parse_grants(
        [
            "GRANT USAGE ON *.* TO `app`@`%`",
            "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `app`@`%`",
            "GRANT BACKUP_ADMIN ON *.* TO `app`@`%`",
            "GRANT ALL PRIVILEGES ON `wandb_local`.* TO `app`@`%` WITH GRANT OPTION",
            "GRANT SELECT (`a`, `b`), INSERT ON `d`.`t` TO `app`@`%`",
            "GRANT `role`@`%` TO `app`@`%`",
        ]
    )
    assert found["*.*"] == accounts.Rights(frozenset({"REPLICATION SLAVE", "REPLICATION CLIENT", "BACKUP_ADMIN"}))
    assert found["wandb_local.*"] == accounts.Rights(frozenset({"ALL PRIVILEGES"}), True)
    assert found["d.t"].privileges == {"SELECT (`a`, `b`)", "INSERT"}


def test_an_account_that_may_nothing() -> None:
    assert accounts.parse_grants(["GRANT USAGE ON *.* TO `app`@`%`"]) == {}


def test_a_new_account_gets_everything() -> None:
    assert shown(accounts.user_statements(USER, None)) == ["CREATE USER 'app'@'%' IDENTIFIED WITH caching_sha2_password BY '********' REQUIRE NONE"]


def test_an_account_as_declared_gets_no_statement() -> None:
    assert accounts.user_statements(USER, SEEN) == []


@pytest.mark.parametrize(
    ("user", "seen", "words"),
    [
        ({"password": "y"}, {}, "IDENTIFIED"),
        ({}, {"plugin": "mysql_native_password"}, "IDENTIFIED"),
        ({"require_ssl": True}, {}, "REQUIRE SSL"),
        ({}, {"ssl_type": "ANY"}, "REQUIRE NONE"),
        ({}, {"ssl_type": "X509"}, "REQUIRE NONE"),
    ],
)
def test_what_differs_is_altered(user: dict[str, t.Any], seen: dict[str, t.Any], words: str) -> None:
    (statement,) = accounts.user_statements({**USER, **user}, {**SEEN, **seen})
    assert statement.shown().startswith("ALTER USER")
    assert words in statement.shown()


SOCKET = {"name": "watcher", "host": "localhost", "socket_user": "watcher", "password": None, "require_ssl": False, "grants": []}
SEEN_SOCKET = {"plugin": "auth_socket", "stored": b"watcher", "ssl_type": ""}


def test_a_system_user_on_the_socket_has_no_password() -> None:
    assert shown(accounts.user_statements(SOCKET, None)) == ["CREATE USER 'watcher'@'localhost' IDENTIFIED WITH auth_socket AS 'watcher' REQUIRE NONE"]
    assert accounts.user_statements(SOCKET, SEEN_SOCKET) == []


@pytest.mark.parametrize("seen", [{"plugin": "caching_sha2_password"}, {"stored": b""}, {"stored": b"other"}, {"ssl_type": "ANY"}])
def test_another_way_in_is_closed(seen: dict[str, t.Any]) -> None:
    (statement,) = accounts.user_statements(SOCKET, {**SEEN_SOCKET, **seen})
    assert statement.shown() == "ALTER USER 'watcher'@'localhost' IDENTIFIED WITH auth_socket AS 'watcher' REQUIRE NONE"


def test_rights_beyond_the_declared_ones_are_taken_away() -> None:
    seen = accounts.parse_grants(["GRANT SUPER, CONNECTION_ADMIN ON *.* TO `app`@`%`", "GRANT ALL PRIVILEGES ON `db`.* TO `app`@`%` WITH GRANT OPTION"])
    found = shown(accounts.grant_statements("app", "%", seen, accounts.wanted_grants([grant(["all"], "db.*")])))
    assert found == ["REVOKE CONNECTION_ADMIN, SUPER ON *.* FROM 'app'@'%'", "REVOKE GRANT OPTION ON `db`.* FROM 'app'@'%'"]


def test_missing_rights_are_granted() -> None:
    wanted = accounts.wanted_grants([grant(["all"], "db.*", True), grant(["replication slave"])])
    assert shown(accounts.grant_statements("app", "%", {}, wanted)) == [
        "GRANT ALL PRIVILEGES ON `db`.* TO 'app'@'%' WITH GRANT OPTION",
        "GRANT REPLICATION SLAVE ON *.* TO 'app'@'%'",
    ]


PRIVILEGES = st.sets(st.sampled_from(["SELECT", "INSERT", "SUPER", "BACKUP_ADMIN"]), min_size=1)


@given(PRIVILEGES, PRIVILEGES, st.booleans(), st.booleans())
def test_the_second_time_there_is_nothing_to_do(old: set[str], new: set[str], old_option: bool, new_option: bool) -> None:
    seen = {"*.*": accounts.Rights(frozenset(old), old_option)}
    wanted = accounts.wanted_grants([grant(sorted(new), "*.*", new_option)])
    changes = accounts.grant_statements("app", "%", seen, wanted)
    assert bool(changes) == (old != new or old_option != new_option)
    assert accounts.grant_statements("app", "%", wanted, wanted) == []


def test_databases() -> None:
    database = {"name": "wandb_local", "character_set": "utf8mb4", "collation": "utf8mb4_general_ci"}
    assert shown(accounts.database_statements(database, None)) == ["CREATE DATABASE `wandb_local` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"]
    assert accounts.database_statements(database, database) == []
    (statement,) = accounts.database_statements(database, {**database, "collation": "utf8mb4_bin"})
    assert statement.shown().startswith("ALTER DATABASE")


@pytest.mark.parametrize(
    ("databases", "users"),
    [
        ([{"name": "a`b", "character_set": "utf8mb4", "collation": "utf8mb4_bin"}], []),
        ([], [{**USER, "password": ""}]),
        ([], [{**USER, "password": None}]),
        ([], [{**SOCKET, "host": "%"}]),
        ([], [{**SOCKET, "password": "x"}]),
        ([], [{**SOCKET, "require_ssl": True}]),
        ([], [{**USER, "grants": [grant(["ALL"], "db.*; DROP TABLE x")]}]),
        ([], [{**USER, "grants": [grant(["ALL ON *.* TO x; --"])]}]),
    ],
)
def test_what_cannot_be_written_into_a_statement_is_refused(databases: list[dict[str, t.Any]], users: list[dict[str, t.Any]]) -> None:
    assert accounts.mistakes(databases, users)


def test_what_the_role_declares_is_accepted() -> None:
    users = [{**USER, "grants": [grant(["REPLICATION SLAVE", "REPLICATION CLIENT"]), grant(["SELECT"], "onprem_wandb.*"), grant(["BACKUP_ADMIN"])]}]
    users.append(SOCKET)
    assert accounts.mistakes([{"name": "wandb_local", "character_set": "utf8mb4", "collation": "utf8mb4_general_ci"}], users) == []


def test_a_hyphen_is_part_of_a_name() -> None:
    assert accounts.NAME.fullmatch("wandb-local")
    assert accounts.TARGET.fullmatch("wandb-local.*")
    assert accounts.quoted_target("wandb-local.*") == "`wandb-local`.*"
    assert not accounts.NAME.fullmatch("wandb`local")
