# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A full backup out of the repository, ready for a server."""

from __future__ import annotations

import os
import re

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem

from . import manifest
from .base import remove
from .config import Workplace
from .restic import Repository
from .scratch import Scratch, clean, give
from .target import Plan


def basedir(mysql_dir: str, version: str) -> str:
    """The installed server that may open a backup of this version: the same one, or a newer one of the same series."""

    def number(text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in re.findall(r"\d+", text)[:3])

    try:
        names = [
            name
            for name in os.listdir(mysql_dir)
            if re.fullmatch(r"\d+\.\d+\.\d+", name) and os.path.exists(os.path.join(mysql_dir, name, "bin/mysqld"))
        ]
    except OSError:
        names = []
    fit = sorted((name for name in names if number(name)[:2] == number(version)[:2] and number(name) >= number(version)), key=number)
    if not fit:
        raise Problem(
            f"The backup is of MySQL {version}; {mysql_dir} has {', '.join(sorted(names)) or 'none'}. Expected: {version}, or a newer one of "
            f"the same series. Nothing was changed. Next: ansible-playbook onprem.wandb.mysql -i <inventory> -e mysql_version={version}, then run this again."
        )
    return os.path.join(mysql_dir, fit[0])


def unpack(repository: Repository, user: str, plan: Plan, folder: str) -> str:
    """Restore into folder; returns the data directory in it."""
    remove(folder)
    os.makedirs(folder, mode=0o750)
    raw = os.path.join(folder, "raw")
    repository.restore(plan.full.snapshot, raw)
    data = os.path.join(folder, "data")
    os.rename(os.path.join(raw, plan.full.snapshot.paths[0].lstrip("/"), "data"), data)
    remove(raw)
    clean(data)
    give(folder, user)
    return data


def compare(scratch: Scratch, place: Workplace, plan: Plan) -> list[str]:
    """Differences between the restored full and what it was when it was made."""
    facts = manifest.server_facts(scratch)
    wanted = plan.manifest
    if facts["gtid_executed"] != wanted["gtid_executed"]:
        return [f"gtid_executed is {facts['gtid_executed']}, expected {wanted['gtid_executed']}"]
    seen = manifest.measure(scratch, place.threads, place.checksum_seconds)
    return manifest.differences(wanted["tables"], seen, facts["version"] == wanted["version"])


def check_gtids(scratch: Scratch, plan: Plan) -> None:
    """Before any replay: a copy that says more than it holds would skip transactions silently."""
    seen = manifest.server_facts(scratch)["gtid_executed"]
    if seen != plan.manifest["gtid_executed"]:
        raise Problem(
            f"The restored copy of {plan.full.id} says that it executed {seen}; expected {plan.manifest['gtid_executed']}. Nothing was replayed. "
            "Next: mysql-backup restic check --read-data, then restore an earlier full with an earlier restore_to."
        )
