# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""status.json as mysql-backup wrote it on the standby of a real pair, with the times of a test."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql import backup
from ansible_collections.onprem.wandb.tests.unit.recorded import recording


def status_file(day: str, shipped: str = "13:59:30") -> backup.StatusFile:
    """One full backup of 01:30, proved at 03:30; what was shipped last was looked at in that moment."""

    def at(clock: str) -> str:
        return f"{day}T{clock}Z"

    found = recording.read("mysql_backup_status")
    full = recording.changed(found["repository"]["fulls"][0], {"id": "full-1", "at": at("01:30:00"), "verified_at": at("03:30:00")})
    held = {"fulls": [full], "verified_at": at("03:30:00"), "looked_at": at(shipped), "newest_binlog_at": at(shipped)}
    when = {"full": "01:30:00", "verify": "03:30:00", "expire": "03:40:00", "ship": shipped}
    steps = {name: {"last_run": at(clock), "last_success": at(clock)} for name, clock in when.items()}
    return t.cast(backup.StatusFile, recording.changed(found, {"repository": held, "steps": steps, "written_at": at(shipped)}))
