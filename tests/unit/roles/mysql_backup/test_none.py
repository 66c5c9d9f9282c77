# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that lives without backups: what an earlier run left, and in which order it goes."""

from __future__ import annotations

import pathlib
import re

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = pathlib.Path(__file__).parents[4] / "roles/mysql_backup"


def gone() -> set[str]:
    """The files that are removed."""
    known: dict[str, object] = {"inventory_dir": "/inventory", "mysql_backup_state_dir": "/srv/state", "mysql_backup_metrics_dir": "/srv/metrics"}
    found = {key: value for part in ("defaults", "vars") for key, value in yaml.safe_load((ROLE / part / "main.yml").read_text()).items()}
    trusted = {key: trust_as_template(value) if isinstance(value, str) else value for key, value in found.items()}
    files = Templar(DataLoader(), variables={**trusted, **known}).template(trust_as_template("{{ __mysql_backup_none_files | from_json }}"))
    assert {entry["state"] for entry in files} == {"absent"}
    return {entry["path"] for entry in files}


def test_neither_state_nor_metrics_nor_timers_are_left() -> None:
    metrics = re.search(r'config\.metrics_dir, "([^"]+)"', (ROLE / "files/mysql_backup/status.py").read_text())
    assert metrics
    timers = {f"/etc/systemd/system/mysql-backup-{step}.timer" for step in ("full", "ship", "verify", "expire")}
    assert gone() == timers | {"/srv/state/status.json", f"/srv/metrics/{metrics[1]}"}


def test_what_runs_is_stopped_before_its_state_is_removed() -> None:
    tasks = yaml.safe_load((ROLE / "tasks/none.yml").read_text())
    place = {next(key for key in task if "." in key).rsplit(".", 1)[1]: number for number, task in enumerate(tasks)}
    assert place["unit"] < place["command"] < place["files"]  # a timer would start it again
    stop = tasks[place["command"]]
    assert stop["ansible.builtin.command"]["argv"] == ["systemctl", "stop", "{{ item }}"]
    # A stopped run has failed for systemd; the unit that notes it begins with that and writes the state.
    assert stop["loop"] == ["mysql-backup@*.service", "mysql-backup-failed@*.service"]
    unit = (ROLE / "templates/mysql-backup@.service.j2").read_text()
    assert "OnFailure=mysql-backup-failed@%i.service" in unit
