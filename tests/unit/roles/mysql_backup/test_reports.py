# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role hands what the hosts printed to the report."""

from __future__ import annotations

import json
import pathlib
import typing as t

from ..role_value import ROLES, play


def shown(tmp_path: pathlib.Path, facts: dict[str, dict[str, t.Any]], report: str, **variables: t.Any) -> str:
    """What the expression of the role is on two hosts that have registered something."""
    files = [str(ROLES / "mysql_backup" / part / "main.yml") for part in ("defaults", "vars")]
    tasks = [{"onprem.wandb.report": {"lines": "{{ %s.lines }}" % report}, "run_once": True}]
    inventory = {"mysql": {"hosts": {name: {fact: found[name] for fact, found in facts.items() if name in found} for name in ("db1", "db2")}}}
    code, output = play(tmp_path, inventory, tasks, files, site_name="berlin", **variables)
    assert code == 0, output
    return output


def test_a_host_without_words_does_not_end_the_run_of_the_other(tmp_path: pathlib.Path) -> None:
    """An empty stdout_lines once ended it on the healthy host."""
    idle = {"stdout": json.dumps({"acted": False, "why": "it is the primary"}), "rc": 0}
    facts = {"__mysql_backup_done": {"db1": idle, "db2": {"failed": True, "rc": 1, "stdout": "", "stdout_lines": [], "stderr": "no room"}}}
    output = shown(tmp_path, facts, "__mysql_backup_step_report", mysql_backup_step="full")
    assert "db1 did nothing: it is the primary db2: full failed: no room" in output


def test_the_plan_comes_from_the_host_that_is_restored(tmp_path: pathlib.Path) -> None:
    state = {"rc": 0, "stdout": json.dumps({"running": True, "writable": False, "stage": "", "to": ""})}
    writes = {"rc": 0, "stdout": json.dumps({"running": True, "writable": True, "stage": "", "to": ""})}
    planned = {"rc": 0, "stdout": json.dumps({"full": "full-7", "full_at": "x", "full_verified": True, "binlogs": [], "tables": 4})}
    facts = {"__mysql_backup_state": {"db1": state, "db2": writes}, "__mysql_backup_plan": {"db1": {"skipped": True}, "db2": planned}}
    output = shown(tmp_path, facts, "{'lines': __mysql_backup_plan_lines}")
    assert "restore to: latest, onto db2 from: full backup full-7 of x (proved by a restore, 0.0 MiB, 4 tables)" in output
