# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a host, as the role writes it, with its directories below one of a test."""

from __future__ import annotations

import pathlib
import typing as t

from mysql_backup.config import Config, Entries, parts


def entries(root: pathlib.Path, **changes: t.Any) -> dict[str, t.Any]:
    """The file's content."""
    names = {"site": "berlin", "host": "db1", "user": "mysql"}
    texts = {"mysql_dir": "/opt/onprem-wandb/mysql", "restic": "/bin/restic", "ca_file": "", "metrics_dir": ""}
    places = {"socket": root / "none", "data_dir": root / "mysql", "role_file": root / "mysql-role.json", "journal": root / "journal.jsonl", "state_dir": root}
    sizes = {"max_size_gb": 0.0, "ship_batch_gb": 1.0, "check_read_gb": 1.0, "scratch_memory_mb": 256, "threads": 1, "checksum_seconds": 60}
    ages = {"retention_days": 14.0, "full_max_age_hours": 26.0, "verify_max_age_hours": 50.0, "ship_max_age": 600, "ship_interval": 60, "timeout_hours": 1.0}
    others = {"repository": "/mnt/backup", "environment_file": "/etc/e/environment", "restic_options": [], "append_only": False, "keep_min": 3}
    return {**names, **texts, **{name: str(path) for name, path in places.items()}, **sizes, **ages, **others, **changes}


def config_of(root: pathlib.Path, **changes: t.Any) -> Config:
    """Read by the program's own code."""
    return parts(Entries("config.json", entries(root, **changes)))
