# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A step on demand: check mode asks the program what it would do, and asks nothing else of it."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.onprem.wandb.tests.unit.recorded import recording

from .role_value import play

ROLE = {"ansible.builtin.import_role": {"name": "onprem.wandb.mysql_backup", "tasks_from": "on_demand"}}
SITE = {"mysql": {"hosts": {"db2": {}}, "vars": {"site_name": "lab", "inventory_dir": "/inventory"}}}


def ran(directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch, says: t.Mapping[str, str], *options: str, **variables: t.Any) -> tuple[int, str, list[str]]:
    """The role's tasks with a program that knows these calls: end, output, and how it was called."""
    program = directory / "mysql-backup"
    cases = "".join(f"'{words}') echo '{said}';;\n" for words, said in says.items())
    program.write_text(f'#!/bin/sh\necho "$*" >> {directory}/calls\ncase "$*" in\n{cases}*) echo "not this: $*" >&2; exit 9;;\nesac\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")
    code, output = play(directory, SITE, [{**ROLE, "vars": {"mysql_backup_adopt": False, "mysql_backup_confirm": "", **variables}}], [], options=options)
    calls = directory / "calls"
    return code, output, calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("full", "db2 would take a full backup of "),
        ("verify", "db2 would restore 20261126T023000Z-db2 from /recorded/repository, compare it"),
    ],
)
def test_check_mode_tells_the_plan(step: str, words: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps(recording.read(f"mysql_backup_would_{step}"))
    code, output, calls = ran(tmp_path, monkeypatch, {f"would {step}": said}, "--check", mysql_backup_step=step)
    assert code == 0, output
    assert words in output and "last full backup: 20261126T023000Z-db2 of 2026-11-26T02:30:00Z" in output and "the next expiry would remove: nothing" in output
    assert "changed=0" in output and calls == [f"would {step}"]


def test_check_mode_says_when_nobody_would_act(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps(recording.read("mysql_backup_would_nothing"))
    code, output, _calls = ran(tmp_path, monkeypatch, {"would full": said}, "--check", mysql_backup_step="full")
    assert code != 0 and "No host would act. db2 would do nothing: it is the primary" in output


def test_without_check_mode_it_is_done(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps(recording.read("mysql_backup_full"))
    code, output, calls = ran(tmp_path, monkeypatch, {"start full": said}, mysql_backup_step="full")
    assert code == 0, output
    assert "db2: full of 20261126T023000Z-db2" in output and "changed=1" in output and calls == ["start full"]


def test_adopting_is_foretold_and_not_done(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps(recording.read("mysql_backup_would_full"))
    wanted = {"mysql_backup_step": "full", "mysql_backup_adopt": True, "mysql_backup_confirm": "lab"}
    code, output, calls = ran(tmp_path, monkeypatch, {"would full": said}, "--check", **wanted)
    assert code == 0, output
    assert "first this database becomes the one that is backed up" in output and calls == ["would full"]
