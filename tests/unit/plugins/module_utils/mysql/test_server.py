# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, Server, Statement


class NoConnection:
    """A session that must not be used."""

    def __getattr__(self, name: str) -> t.NoReturn:
        raise AssertionError(f"{name} of the connection was used in check mode")


def test_secrets_are_masked() -> None:
    statement = Statement("CREATE USER %s@%s IDENTIFIED BY %s", ("a", "%", 'it\'s "secret"'), (2,))
    assert statement.shown() == "CREATE USER 'a'@'%' IDENTIFIED BY '********'"


def test_numbers_are_not_quoted() -> None:
    assert Statement("SET GLOBAL x = %s", (5,)).shown() == "SET GLOBAL x = 5"


def test_check_mode_remembers_and_does_nothing() -> None:
    server = Server(lambda seconds: NoConnection(), "here", check_mode=True)
    server.change(Statement("START REPLICA"))
    server.change(Statement("SET GLOBAL super_read_only = ON", deadline=1))
    assert server.statements == ["START REPLICA", "SET GLOBAL super_read_only = ON"]


def test_waiting_has_a_deadline_and_says_what_was_seen() -> None:
    server = Server(lambda seconds: NoConnection(), "here", check_mode=True)
    with pytest.raises(Problem, match="here: the moon did not happen within 0 s. Seen: no moon."):
        server.wait_until(lambda: "no moon", 0, "the moon")
    server.wait_until(lambda: "", 0, "the moon")
