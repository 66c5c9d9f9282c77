# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that lives without backups: what an earlier run left, and in which order it goes."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = pathlib.Path(__file__).parents[4] / "roles/mysql_backup"


def templated(text: str) -> Any:
    """A template with the role's defaults and variables."""
    known: dict[str, object] = {"inventory_dir": "/inventory", "mysql_backup_state_dir": "/srv/state", "mysql_backup_metrics_dir": "/srv/metrics"}
    found = {key: value for part in ("defaults", "vars") for key, value in yaml.safe_load((ROLE / part / "main.yml").read_text()).items()}
    trusted = {key: trust_as_template(value) if isinstance(value, str) else value for key, value in found.items()}
    return Templar(DataLoader(), variables={**trusted, **known}).template(trust_as_template(text))


def gone() -> set[str]:
    """The files that are removed."""
    files = templated("{{ __mysql_backup_none_files }}")
    assert {entry["state"] for entry in files} == {"absent"}
    return {entry["path"] for entry in files}


def test_neither_state_nor_metrics_nor_timers_are_left() -> None:
    metrics = re.search(r'home\.metrics_dir, "([^"]+)"', (ROLE / "files/mysql_backup/status.py").read_text())
    assert metrics
    timers = {f"/etc/systemd/system/mysql-backup-{step}.timer" for step in ("full", "ship", "verify", "expire")}
    assert gone() == timers | {"/srv/state/status.json", f"/srv/metrics/{metrics[1]}"}


def test_what_runs_is_stopped_before_its_state_is_removed() -> None:
    names = [task["name"] for task in yaml.safe_load((ROLE / "tasks/disable.yml").read_text())]
    assert names.index("Stop everything") < names.index("Remove them, and the state they left")
    (stop,) = yaml.safe_load((ROLE / "tasks/stop.yml").read_text())
    assert (stop["onprem.wandb.unit"]["state"], stop["onprem.wandb.unit"]["enabled"]) == ("stopped", False)
    steps = ("full", "ship", "verify", "expire")
    # A timer would start it again. A stopped run has failed for systemd; the unit that notes it begins with that and writes the state.
    kinds = ("mysql-backup-%s.timer", "mysql-backup@%s.service", "mysql-backup-failed@%s.service")
    order = templated(stop["loop"])
    assert [set(order[4 * number : 4 * number + 4]) for number in range(3)] == [{kind % step for step in steps} for kind in kinds]
    unit = (ROLE / "templates/mysql-backup@.service.j2").read_text()
    assert "OnFailure=mysql-backup-failed@%i.service" in unit
