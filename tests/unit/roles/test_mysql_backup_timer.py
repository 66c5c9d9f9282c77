# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timers of the backups, rendered: shipping begins once in each interval, however long the run before it took."""

from __future__ import annotations

import pathlib

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = pathlib.Path(__file__).parents[3] / "roles/mysql_backup"


def timer(step: str) -> dict[str, str]:
    """Directives of [Timer] by name."""
    known = {"ansible_check_mode": False, "step": step}
    for part in ("defaults", "vars"):
        read = yaml.safe_load((ROLE / part / "main.yml").read_text(encoding="utf-8"))
        known |= {key: trust_as_template(value) if isinstance(value, str) else value for key, value in read.items()}
    known["__mysql_backup_calendars"] = {"full": known["mysql_backup_full_calendar"]}
    text = Templar(DataLoader(), variables=known).template(trust_as_template((ROLE / "templates/timer.j2").read_text(encoding="utf-8")))
    lines = text.split("[Timer]")[1].split("[Install]")[0].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_the_interval_of_shipping_is_counted_from_beginning_to_beginning() -> None:
    """Counted from the end of a run, each run made the next one later, and of an hour's minutes some saw none."""
    found = timer("ship")
    assert found["OnUnitActiveSec"] == found["OnActiveSec"] == "60"
    assert "OnUnitInactiveSec" not in found and "OnCalendar" not in found
    assert found["AccuracySec"] == "1s"


def test_the_other_steps_have_their_hour() -> None:
    assert timer("full")["OnCalendar"] == "*-*-* 01:30:00 UTC" and "OnUnitActiveSec" not in timer("full")
