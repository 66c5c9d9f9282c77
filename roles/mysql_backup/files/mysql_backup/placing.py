# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restored data into place, old data out of the way. Every step can be cut anywhere, also by a power cut, and done again."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql import restoring
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.restoring import ASIDE, HALF, LEAVING, OLD_MOVED, OPENED, PLACED, PLACING, PREPARED
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, pymysql
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.smallfile import read_json, write_json

from . import hold, repair
from .base import Config, complain, iso, lock, now, remove, say
from .gtids import Gtids
from .server import Look, connect

KEPT = ".before-restore-"


def state_file(config: Config) -> str:
    """How far a restore on this host got."""
    return os.path.join(config.state_dir, "restore.json")


def restored_file(config: Config) -> str:
    """What the data of this host were restored to, and when the server was opened: a second restore to it would throw away what was written since."""
    return os.path.join(config.state_dir, "restored.json")


def fence_file(config: Config) -> str:
    """What the role guard looks at before it starts a server: where the state stands."""
    return restoring.fence_file(config.role_file)


def write_state(config: Config, known: t.Mapping[str, t.Any]) -> None:
    """On disk before the next step. The guard learns where to look before it has to."""
    if known["stage"] in HALF:
        write_json(fence_file(config), {"state": state_file(config)})
    write_json(state_file(config), known)
    if known["stage"] not in HALF:
        remove(fence_file(config))


def beside(config: Config, suffix: str) -> str:
    """A directory on the same file system: beside the data directory, or hidden in it when it is a mount point (the server does not look into hidden ones)."""
    if os.path.ismount(config.data_dir):
        return os.path.join(config.data_dir, "." + suffix.lstrip("."))
    return config.data_dir + suffix


def running(config: Config) -> bool:
    """Whether the live server answers."""
    try:
        connect(config.socket, 10).close()
    except (pymysql.MySQLError, OSError):
        return False
    return True


def unit_state() -> str:
    """What systemd says: a server that recovers does not answer yet, and has its files open."""
    argv = ["systemctl", "show", "--property=ActiveState", "--value", "mysqld.service"]
    return subprocess.run(argv, check=False, capture_output=True, text=True).stdout.strip()


def must_be_stopped(config: Config) -> None:
    """Files of a running server are not moved."""
    seen = unit_state()
    if running(config) or seen in ("active", "activating", "deactivating", "reloading"):
        raise Problem(
            f"The MySQL server of {config.host} still runs; its data were not touched. Seen: mysqld is {seen}. "
            "Next: systemctl stop mysqld, then run this again."
        )


def own(name: str) -> bool:
    """What a restore, or the file system, keeps in a data directory that is a mount point."""
    return name in ("lost+found", ".restoring") or name.startswith(KEPT)


def contents(config: Config) -> list[str]:
    """The server's files."""
    return sorted(name for name in os.listdir(config.data_dir) if not own(name)) if os.path.isdir(config.data_dir) else []


def kept_name(config: Config) -> str:
    """Where old data go."""
    return beside(config, f"{KEPT}{now():%Y%m%dT%H%M%SZ}")


def move_old(config: Config, kept: str) -> None:
    """The present data out of the way, with the record of the role that belonged to them. Can be interrupted and done again."""
    owner = pwd.getpwnam(config.user)
    if os.path.ismount(config.data_dir):
        os.makedirs(kept, mode=0o750, exist_ok=True)
        for name in contents(config):
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
    os.sync()


def put(config: Config, known: t.Mapping[str, t.Any]) -> None:
    """The restored files into the data directory, which is empty, or holds those that an interrupted run has put there."""
    data = os.path.join(known["folder"], "data")
    left = sorted(os.listdir(data)) if os.path.isdir(data) else []
    here = contents(config)
    names = known.get("names") or sorted({*left, *here})
    missing = [name for name in names if name not in left and name not in here]
    if missing:
        raise Problem(
            f"{config.host}: of the restored data {', '.join(missing[:5])} is neither in {data} nor in {config.data_dir}. Nothing was moved. Expected: "
            f"{len(names)} files and directories. The old data are in {known['kept']}. "
            f"Next: rm {state_file(config)}, then run the restore again: it begins anew."
        )
    # Not from the restore: somebody started a server here in between. Nothing is written over.
    strays = [name for name in here if name in left or name not in names]
    if strays:
        away = os.path.join(known["kept"], f".in-the-way-{now():%Y%m%dT%H%M%S.%fZ}")
        os.makedirs(away)
        for name in strays:
            os.rename(os.path.join(config.data_dir, name), os.path.join(away, name))
        say(f"{config.host}: {', '.join(strays[:5])} in {config.data_dir} did not come from the restore; kept in {away}")
    for name in left:
        os.rename(os.path.join(data, name), os.path.join(config.data_dir, name))
    os.sync()


def mark(config: Config, known: dict[str, t.Any]) -> None:
    """History goes on from the restored transactions, whoever looks at the repository. Without the mark nothing can be shipped, so it may come late."""
    if not known.get("marked"):
        repair.mark(config, known["gtid_executed"])
        known["marked"] = True


def place(config: Config, to: str) -> dict[str, t.Any]:
    """mysql-backup place: the restored data become the data directory; the old ones are kept."""
    with lock(config, "work", hold.WAIT), lock(config, "ship", hold.WAIT):
        known = read_json(state_file(config))
        if not known or known.get("to") != to or known.get("stage") in (LEAVING, ASIDE):
            raise Problem(f"Nothing was prepared on {config.host} for restore_to={to}. Next: mysql-backup prepare --to '{to}'.")
        if known["stage"] == PLACED:
            return {"changed": False, **known}
        must_be_stopped(config)
        if known["stage"] == PREPARED:
            data = os.path.join(known["folder"], "data")
            names = sorted(os.listdir(data)) if os.path.isdir(data) else []
            if "mysql.ibd" not in names:
                raise Problem(
                    f"{config.host}: {data} does not hold the restored data any more (no mysql.ibd in it). Nothing was moved. "
                    f"Next: mysql-backup prepare --to '{to}', then run the restore again."
                )
            known.update(stage=PLACING, kept=kept_name(config), names=names)
            write_state(config, known)
        if known["stage"] == PLACING:
            move_old(config, known["kept"])
            remove(restored_file(config))  # it spoke of those data
            known.update(stage=OLD_MOVED)
            write_state(config, known)
        try:
            mark(config, known)
        except Problem as problem:
            complain(f"{problem} The restore goes on; mysql-backup finish tries it again.")
        put(config, known)
        known.update(stage=PLACED)
        write_state(config, known)
        remove(known["folder"])
        return {"changed": True, **known}


def set_aside(config: Config) -> dict[str, t.Any]:
    """mysql-backup set-aside: on the other host, so that it is seeded again from the restored one."""
    with lock(config, "work", hold.WAIT), lock(config, "ship", hold.WAIT):
        must_be_stopped(config)
        known = read_json(state_file(config))
        if known.get("stage") != ASIDE:
            if not [name for name in contents(config) if not name.startswith(".")] and not os.path.exists(config.role_file):
                remove(state_file(config))
                hold.release(config)
                return {"changed": False}
            known = {"stage": ASIDE, "to": known.get("to", ""), "kept": kept_name(config)}
            write_state(config, known)
        move_old(config, known["kept"])
        remove(restored_file(config))
        remove(beside(config, ".restoring"))  # of a restore that was prepared here and went to the other host
        remove(state_file(config))
        remove(fence_file(config))
        hold.release(config)
        say(f"{config.host}: the old data are in {known['kept']}")
        return {"changed": True, "kept": known["kept"]}


def hold_all(config: Config, to: str, onto: str, gtids: str) -> dict[str, t.Any]:
    """mysql-backup hold: no backup is at work and none begins; the repository takes the mark that comes later. Nothing of the data is touched.

    gtids: what the restored server holds. On another host it is noted what is given up: as long as that is there, the data are those of before.
    """
    repair.probe(config)
    hold.take(config, to)
    if config.host != onto and read_json(state_file(config)).get("stage") != ASIDE:
        executed = held(config)
        given_up = None if executed is None else Gtids().subtract(executed, gtids)
        write_state(config, {"stage": LEAVING, "to": to, "at": iso(now()), "given_up": given_up})
    return {"changed": True, "to": to}


def held(config: Config) -> t.Optional[str]:
    """Every transaction that this host's server holds; None when it does not answer."""
    try:
        with connect(config.socket, 10) as session:
            return session.executed()
    except (pymysql.MySQLError, OSError):
        return None


def still_leaving(known: t.Mapping[str, t.Any], me: Look) -> bool:
    """Whether the data are still those that are given up. A standby of before follows the restored server without an error: it only holds more."""
    given_up = known.get("given_up")
    if given_up is None or not (me.channel and me.applying and me.receiving):
        return True
    return bool(given_up) and Gtids().subtract(given_up, me.executed) != Gtids().union(given_up)


def release(config: Config) -> dict[str, t.Any]:
    """mysql-backup release: a restore was given up before it stopped a server. Backups go on, and this host's data stay what they are."""
    leaving = read_json(state_file(config)).get("stage") == LEAVING
    if leaving:
        remove(state_file(config))
    return {"changed": hold.release(config)["changed"] or leaving}


def finish(config: Config) -> dict[str, t.Any]:
    """mysql-backup finish: the restored server takes writes."""
    known, done = read_json(state_file(config)), read_json(restored_file(config))
    changed = known.get("stage") == PLACED
    if changed:
        done = {**known, "stage": OPENED, "opened_at": iso(now())}
        write_json(restored_file(config), done)
        remove(state_file(config))
        remove(known["folder"])
    remove(fence_file(config))
    hold.release(config)
    if done and not done.get("marked"):
        mark(config, done)
        write_json(restored_file(config), done)
    return {"changed": changed, **done}


def discard_old(config: Config) -> dict[str, t.Any]:
    """mysql-backup discard-old: what restores have kept."""
    gone = kept_paths(config)
    half = read_json(state_file(config))
    if half.get("stage") in HALF and half.get("kept") in gone:
        raise Problem(
            f"{config.host}: a restore to {half.get('to')} is at '{half['stage']}' and still moves data into {half['kept']}. Nothing was removed. "
            f"Next: ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name> -e op_restore_to='{half.get('to')}', "
            "then mysql-backup discard-old"
        )
    for old in gone:
        remove(old)
    return {"changed": bool(gone), "removed": gone}


def kept_paths(config: Config) -> list[str]:
    """The directories in which restores have kept old data."""
    inside = os.path.ismount(config.data_dir)
    folder = config.data_dir if inside else os.path.dirname(config.data_dir)
    prefix = KEPT if inside else os.path.basename(config.data_dir) + KEPT
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.startswith(prefix)]
