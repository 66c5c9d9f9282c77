# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's first full backup: who takes it, and what is said when nobody can. Without servers."""

from __future__ import annotations

import pathlib
import types
import typing as t
from contextlib import nullcontext

import pytest
from mysql_backup import decide, repair
from mysql_backup.base import Problem
from mysql_backup.config import Config, Store

from .given import config_of


class Empty:
    """A repository without a backup."""

    def __init__(self, _store: Store) -> None:
        pass

    def open(self) -> str:
        return "id"

    def snapshots(self) -> list[t.Any]:
        return []


@pytest.fixture
def config(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A site whose repository is empty, and a server that is the primary."""
    primary = types.SimpleNamespace(channel=False)
    monkeypatch.setattr(repair, "Repository", Empty)
    monkeypatch.setattr(repair, "live", lambda _socket: nullcontext())
    monkeypatch.setattr(repair, "look", lambda _session: primary)
    monkeypatch.setattr(repair.guard, "check", lambda *_arguments: None)
    return config_of(tmp_path)


def answers(monkeypatch: pytest.MonkeyPatch, why: str) -> list[str]:
    """Let full and verify do nothing because of why; the calls."""
    called: list[str] = []

    def step(name: str) -> t.Callable[[Config], dict[str, t.Any]]:
        def run(_config: Config) -> dict[str, t.Any]:
            called.append(name)
            return {"acted": False, "why": why}

        return run

    for name in ("full", "verify"):
        monkeypatch.setattr(getattr(repair, name), "run", step(name))
    return called


def test_commits_that_wait_are_the_reason_and_not_a_missing_backup(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    called = answers(monkeypatch, decide.WAITS)
    with pytest.raises(Problem) as caught:
        repair.setup(config, False)
    assert called == ["full"]  # verify could only say that there is no backup
    said = str(caught.value)
    assert said.startswith("/mnt/backup holds no full backup, and db1 took none: it is the primary, and its commits wait for a standby")
    assert said.endswith("bring the standby back, or mysql_degrade, then ansible-playbook onprem.wandb.backups -i <inventory>")


def test_a_primary_leaves_it_to_its_standby(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    called = answers(monkeypatch, "it is the primary, and 1 standby attached does it")
    assert repair.setup(config, False)["full"]["acted"] is False
    assert called == ["full", "verify"]
