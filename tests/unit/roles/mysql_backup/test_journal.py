# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore tells what it did where the modules do, in words that they read."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import journal as modules
from mysql_backup import journal
from mysql_backup.base import Problem


def site(path: pathlib.Path) -> str:
    return str(path / "here/mysql-journal.jsonl")


def test_a_step_stands_between_two_lines(tmp_path: pathlib.Path) -> None:
    path = site(tmp_path)
    result = {"changed": True, "full": "F", "binlogs": 3, "kept": "/var/lib/mysql.before-restore-x"}
    assert journal.told(path, "place", "latest", lambda: result) == result
    first, last = modules.read(path, "restore latest")
    assert (first["state"], first["note"]) == ("place", "begins")
    assert "the data directory holds F and 3 binary logs; the old data are in /var/lib/mysql.before-restore-x" in last["note"]
    assert first["at"] <= last["at"] and last["at"][-5] == "."


def test_a_step_that_fails(tmp_path: pathlib.Path) -> None:
    def fails() -> dict[str, t.Any]:
        raise Problem("no room")

    with pytest.raises(Problem):
        journal.told(site(tmp_path), "prepare", "latest", fails)
    assert modules.read(site(tmp_path))[-1]["failure"] == "no room"


def test_nothing_to_do_and_lists(tmp_path: pathlib.Path) -> None:
    path = site(tmp_path)
    journal.told(path, "discard-old", "", lambda: {"changed": True, "removed": ["/a", "/b"]})
    journal.told(path, "set-aside", "", lambda: {"changed": False})
    notes = [entry["note"] for entry in modules.read(path, "restore")]
    assert notes == ["begins", "removed /a, /b", "begins", "nothing to do"]


def test_what_runs_each_minute_is_not_told(tmp_path: pathlib.Path) -> None:
    journal.told(site(tmp_path), "ship", "", lambda: {"acted": True})
    assert modules.read(site(tmp_path)) == []


FULL_DISK = "/dev/full"


@pytest.mark.parametrize("step", ["discard-old", "set-aside"])
def test_a_full_disk_stops_no_step(capfd: pytest.CaptureFixture[str], step: str) -> None:
    result = {"changed": True, "removed": ["/a"], "kept": "/b"}
    assert journal.told(FULL_DISK, step, "", lambda: result) == result
    said = capfd.readouterr()
    assert said.err.count(f"/dev/full cannot be written: [Errno 28] No space left on device. mysql-backup {step} is not stopped by that. Next:") == 2
    assert said.out == ""  # the playbook reads the result there


def test_a_full_disk_does_not_hide_why_a_step_failed() -> None:
    def fails() -> dict[str, t.Any]:
        raise Problem("no room")

    with pytest.raises(Problem, match="no room"):
        journal.told(FULL_DISK, "prepare", "latest", fails)
