# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restored data into place, old data out of the way. Every step can be interrupted and done again."""

from __future__ import annotations

import os
import pwd
import shutil
import typing as t

import pymysql

from . import repair
from .base import Config, Problem, lock, now, read_json, remove, say, write_json
from .server import Session

PREPARED, PLACING, OLD_MOVED, PLACED = "prepared", "placing", "old data moved", "placed"
KEPT = ".before-restore-"


def state_file(config: Config) -> str:
    """How far a restore on this host got."""
    return os.path.join(config.state_dir, "restore.json")


def beside(config: Config, suffix: str) -> str:
    """A directory on the same file system: beside the data directory, or hidden in it when it is a mount point (the server does not look into hidden ones)."""
    if os.path.ismount(config.data_dir):
        return os.path.join(config.data_dir, "." + suffix.lstrip("."))
    return config.data_dir + suffix


def running(config: Config) -> bool:
    """Whether the live server answers."""
    try:
        Session(config.socket, 10).connection.close()
    except (pymysql.MySQLError, OSError):
        return False
    return True


def must_be_stopped(config: Config) -> None:
    """Files of a running server are not moved."""
    if running(config):
        raise Problem(f"The MySQL server of {config.host} still runs; its data were not touched. Next: systemctl stop mysqld, then run this again.")


def move_old(config: Config, kept: str) -> None:
    """The present data out of the way, with the record of the role that belonged to them. Can be interrupted and done again."""
    owner = pwd.getpwnam(config.user)
    if os.path.ismount(config.data_dir):
        os.makedirs(kept, mode=0o750, exist_ok=True)
        for name in os.listdir(config.data_dir):
            if name != "lost+found" and name != ".restoring" and not name.startswith(KEPT):
                os.rename(os.path.join(config.data_dir, name), os.path.join(kept, name))
    elif os.path.isdir(config.data_dir) and not os.path.isdir(kept):
        os.rename(config.data_dir, kept)
    os.makedirs(kept, exist_ok=True)
    if os.path.exists(config.role_file):
        shutil.copy2(config.role_file, os.path.join(kept, ".role.json"))
        os.unlink(config.role_file)
    os.makedirs(config.data_dir, exist_ok=True)
    os.chown(config.data_dir, owner.pw_uid, owner.pw_gid)
    os.chmod(config.data_dir, 0o750)


def place(config: Config, to: str) -> dict[str, t.Any]:
    """mysql-backup place: the restored data become the data directory; the old ones are kept."""
    with lock(config, "work"):
        known = read_json(state_file(config))
        if not known or known.get("to") != to:
            raise Problem(f"Nothing was prepared on {config.host} for restore_to={to}. Next: mysql-backup prepare --to '{to}'.")
        if known["stage"] == PLACED:
            return {"changed": False, **known}
        must_be_stopped(config)
        if known["stage"] == PREPARED:
            # First of all: from here on history goes on from the restored transactions, whoever looks at the repository.
            repair.mark(config, known["gtid_executed"])
            known.update(stage=PLACING, kept=beside(config, f"{KEPT}{now():%Y%m%dT%H%M%SZ}"))
            write_json(state_file(config), known)
        if known["stage"] == PLACING:
            move_old(config, known["kept"])
            known.update(stage=OLD_MOVED)
            write_json(state_file(config), known)
        data = os.path.join(known["folder"], "data")
        for name in os.listdir(data):
            os.rename(os.path.join(data, name), os.path.join(config.data_dir, name))
        os.sync()
        remove(known["folder"])
        known.update(stage=PLACED)
        write_json(state_file(config), known)
        return {"changed": True, **known}


def set_aside(config: Config) -> dict[str, t.Any]:
    """mysql-backup set-aside: on the other host, so that it is seeded again from the restored one."""
    with lock(config, "work"):
        must_be_stopped(config)
        names = [name for name in os.listdir(config.data_dir) if not name.startswith(".") and name != "lost+found"] if os.path.isdir(config.data_dir) else []
        if not names and not os.path.exists(config.role_file):
            return {"changed": False}
        kept = beside(config, f"{KEPT}{now():%Y%m%dT%H%M%SZ}")
        move_old(config, kept)
        os.sync()
        say(f"{config.host}: the old data are in {kept}")
        return {"changed": True, "kept": kept}


def finish(config: Config) -> dict[str, t.Any]:
    """mysql-backup finish: the restored server takes writes; nothing is left to do."""
    known = read_json(state_file(config))
    remove(state_file(config))
    return {"changed": bool(known), **known}


def discard_old(config: Config) -> dict[str, t.Any]:
    """mysql-backup discard-old: what restores have kept."""
    inside = os.path.ismount(config.data_dir)
    folder = config.data_dir if inside else os.path.dirname(config.data_dir)
    prefix = KEPT if inside else os.path.basename(config.data_dir) + KEPT
    gone = [os.path.join(folder, name) for name in os.listdir(folder) if name.startswith(prefix)]
    for path in gone:
        remove(path)
    return {"changed": bool(gone), "removed": gone}
