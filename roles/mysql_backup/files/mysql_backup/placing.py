# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restored data into place, old data out of the way. Every step can be cut anywhere, also by a power cut, and done again."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host.unit import booted
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import restoring
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.restoring import ASIDE, HALF, LEAVING, OLD_MOVED, OPENED, PLACED, PLACING, PREPARED
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, pymysql
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.smallfile import read_json, write_json

from . import hold, repair
from .base import complain, iso, lock, now, remove, say
from .config import Config, Data, Store
from .gtids import Gtids
from .server import Look, connect

KEPT = ".before-restore-"


def state_file(data: Data) -> str:
    """How far a restore on this host got."""
    return os.path.join(data.state_dir, "restore.json")


def restored_file(data: Data) -> str:
    """What the data of this host were restored to, and when the server was opened: a second restore to it would throw away what was written since."""
    return os.path.join(data.state_dir, "restored.json")


def fence_file(data: Data) -> str:
    """What the role guard looks at before it starts a server: where the state stands."""
    return restoring.fence_file(data.role_file)


def write_state(data: Data, known: t.Mapping[str, t.Any]) -> None:
    """On disk before the next step. The guard learns where to look before it has to."""
    if known["stage"] in HALF:
        write_json(fence_file(data), {"state": state_file(data)})
    write_json(state_file(data), known)
    if known["stage"] not in HALF:
        remove(fence_file(data))


def beside(data: Data, suffix: str) -> str:
    """A directory on the same file system: beside the data directory, or hidden in it when it is a mount point (the server does not look into hidden ones)."""
    if os.path.ismount(data.directory):
        return os.path.join(data.directory, "." + suffix.lstrip("."))
    return data.directory + suffix


def running(data: Data) -> bool:
    """Whether the live server answers."""
    try:
        connect(data.socket, 10).close()
    except (pymysql.MySQLError, OSError):
        return False
    return True


def unit_state() -> str:
    """What systemd says: a server that recovers does not answer yet, and has its files open."""
    if not booted():
        return "inactive"
    argv = ["systemctl", "show", "--property=ActiveState", "--value", "mysqld.service"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, errors="replace")
    return done.stdout.strip() or f"unknown ({' '.join(done.stderr.split()) or 'systemctl says nothing'})"


def must_be_stopped(data: Data) -> None:
    """Files of a running server are not moved."""
    seen = unit_state()
    if running(data) or seen not in ("inactive", "failed"):  # no answer is no "stopped", and newer versions of systemd have further states
        raise Problem(
            f"The MySQL server of {data.host} still runs; its data were not touched. Seen: mysqld is {seen}; expected inactive or failed. "
            "Next: systemctl stop mysqld, then run this again."
        )


def own(name: str) -> bool:
    """What a restore, or the file system, keeps in a data directory that is a mount point."""
    return name in ("lost+found", ".restoring") or name.startswith(KEPT)


def contents(data: Data) -> list[str]:
    """The server's files."""
    return sorted(name for name in os.listdir(data.directory) if not own(name)) if os.path.isdir(data.directory) else []


def kept_name(data: Data) -> str:
    """Where old data go."""
    return beside(data, f"{KEPT}{now():%Y%m%dT%H%M%SZ}")


def move_old(data: Data, kept: str) -> None:
    """The present data out of the way, with the record of the role that belonged to them. Can be interrupted and done again."""
    owner = pwd.getpwnam(data.user)
    if os.path.ismount(data.directory):
        os.makedirs(kept, mode=0o750, exist_ok=True)
        for name in contents(data):
            os.rename(os.path.join(data.directory, name), os.path.join(kept, name))
    elif os.path.isdir(data.directory) and not os.path.isdir(kept):
        os.rename(data.directory, kept)
    os.makedirs(kept, exist_ok=True)
    if os.path.exists(data.role_file):
        shutil.copy2(data.role_file, os.path.join(kept, ".role.json"))
        os.unlink(data.role_file)
    os.makedirs(data.directory, exist_ok=True)
    os.chown(data.directory, owner.pw_uid, owner.pw_gid)
    os.chmod(data.directory, 0o750)
    os.sync()


def put(data: Data, known: t.Mapping[str, t.Any]) -> None:
    """The restored files into the data directory, which is empty, or holds those that an interrupted run has put there."""
    made = os.path.join(known["folder"], "data")
    left = sorted(os.listdir(made)) if os.path.isdir(made) else []
    here = contents(data)
    names = known.get("names") or sorted({*left, *here})
    missing = [name for name in names if name not in left and name not in here]
    if missing:
        raise Problem(
            f"{data.host}: of the restored data {', '.join(missing[:5])} is neither in {made} nor in {data.directory}. Nothing was moved. Expected: "
            f"{len(names)} files and directories. The old data are in {known['kept']}. "
            f"Next: rm {shlex.quote(state_file(data))}, then run the restore again: it begins anew."
        )
    # Not from the restore: somebody started a server here in between. Nothing is written over.
    strays = [name for name in here if name in left or name not in names]
    if strays:
        away = os.path.join(known["kept"], f".in-the-way-{now():%Y%m%dT%H%M%S.%fZ}")
        os.makedirs(away)
        for name in strays:
            os.rename(os.path.join(data.directory, name), os.path.join(away, name))
        say(f"{data.host}: {', '.join(strays[:5])} in {data.directory} did not come from the restore; kept in {away}")
    for name in left:
        os.rename(os.path.join(made, name), os.path.join(data.directory, name))
    os.sync()


def mark(store: Store, known: dict[str, t.Any]) -> None:
    """History goes on from the restored transactions, whoever looks at the repository. Without the mark nothing can be shipped, so it may come late."""
    if not known.get("marked"):
        repair.mark(store, known["gtid_executed"])
        known["marked"] = True


def place(config: Config, to: str) -> dict[str, t.Any]:
    """mysql-backup place: the restored data become the data directory; the old ones are kept."""
    home, data = config.home, config.data
    with lock(home, "work", hold.WAIT), lock(home, "ship", hold.WAIT):
        known = read_json(state_file(data))
        if not known or known.get("to") != to or known.get("stage") in (LEAVING, ASIDE):
            raise Problem(f"Nothing was prepared on {data.host} for restore_to={to}. Next: mysql-backup prepare --to '{to}'.")
        if known["stage"] == PLACED:
            return {"changed": False, **known}
        must_be_stopped(data)
        if known["stage"] == PREPARED:
            made = os.path.join(known["folder"], "data")
            names = sorted(os.listdir(made)) if os.path.isdir(made) else []
            if "mysql.ibd" not in names:
                raise Problem(
                    f"{data.host}: {made} does not hold the restored data any more (no mysql.ibd in it). Nothing was moved. "
                    f"Next: mysql-backup prepare --to '{to}', then run the restore again."
                )
            known.update(stage=PLACING, kept=kept_name(data), names=names)
            write_state(data, known)
        if known["stage"] == PLACING:
            move_old(data, known["kept"])
            remove(restored_file(data))  # it spoke of those data
            known.update(stage=OLD_MOVED)
            write_state(data, known)
        try:
            mark(config.store, known)
        except Problem as problem:
            complain(f"{problem} The restore goes on; mysql-backup finish tries it again.")
        put(data, known)
        known.update(stage=PLACED)
        write_state(data, known)
        remove(known["folder"])
        return {"changed": True, **known}


def set_aside(config: Config) -> dict[str, t.Any]:
    """mysql-backup set-aside: on the other host, so that it is seeded again from the restored one."""
    home, data = config.home, config.data
    with lock(home, "work", hold.WAIT), lock(home, "ship", hold.WAIT):
        must_be_stopped(data)
        known = read_json(state_file(data))
        if known.get("stage") != ASIDE:
            if not [name for name in contents(data) if not name.startswith(".")] and not os.path.exists(data.role_file):
                remove(state_file(data))
                hold.release(home)
                return {"changed": False}
            known = {"stage": ASIDE, "to": known.get("to", ""), "kept": kept_name(data)}
            write_state(data, known)
        move_old(data, known["kept"])
        remove(restored_file(data))
        remove(beside(data, ".restoring"))  # of a restore that was prepared here and went to the other host
        remove(state_file(data))
        remove(fence_file(data))
        hold.release(home)
        say(f"{data.host}: the old data are in {known['kept']}")
        return {"changed": True, "kept": known["kept"]}


def hold_all(config: Config, to: str, onto: str, gtids: str) -> dict[str, t.Any]:
    """mysql-backup hold: no backup is at work and none begins; the repository takes the mark that comes later. Nothing of the data is touched.

    gtids: what the restored server holds. On another host it is noted what is given up: as long as that is there, the data are those of before.
    """
    data = config.data
    repair.probe(config.store)
    hold.take(config.home, to)
    if data.host != onto and read_json(state_file(data)).get("stage") != ASIDE:
        executed = held(data)
        given_up = None if executed is None else Gtids().subtract(executed, gtids)
        write_state(data, {"stage": LEAVING, "to": to, "at": iso(now()), "given_up": given_up})
    return {"changed": True, "to": to}


def held(data: Data) -> t.Optional[str]:
    """Every transaction that this host's server holds; None when it does not answer."""
    try:
        with connect(data.socket, 10) as session:
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
    data = config.data
    leaving = read_json(state_file(data)).get("stage") == LEAVING
    if leaving:
        remove(state_file(data))
    return {"changed": hold.release(config.home)["changed"] or leaving}


def finish(config: Config) -> dict[str, t.Any]:
    """mysql-backup finish: the restored server takes writes."""
    data = config.data
    known, done = read_json(state_file(data)), read_json(restored_file(data))
    changed = known.get("stage") == PLACED
    if changed:
        done = {**known, "stage": OPENED, "opened_at": iso(now())}
        write_json(restored_file(data), done)
        remove(state_file(data))
        remove(known["folder"])
    remove(fence_file(data))
    hold.release(config.home)
    if done and not done.get("marked"):
        mark(config.store, done)
        write_json(restored_file(data), done)
    return {"changed": changed, **done}


def discard_old(data: Data) -> dict[str, t.Any]:
    """mysql-backup discard-old: what restores have kept."""
    gone = kept_paths(data)
    half = read_json(state_file(data))
    if half.get("stage") in HALF and half.get("kept") in gone:
        raise Problem(
            f"{data.host}: a restore to {half.get('to')} is at '{half['stage']}' and still moves data into {half['kept']}. Nothing was removed. "
            f"Next: ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name> -e op_restore_to='{half.get('to')}', "
            "then mysql-backup discard-old"
        )
    for old in gone:
        remove(old)
    return {"changed": bool(gone), "removed": gone}


def kept_paths(data: Data) -> list[str]:
    """The directories in which restores have kept old data."""
    inside = os.path.ismount(data.directory)
    folder = data.directory if inside else os.path.dirname(data.directory)
    prefix = KEPT if inside else os.path.basename(data.directory) + KEPT
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.startswith(prefix)]
