# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore in steps that can each be done again: prepare beside the data, place, start, mark."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
import typing as t
from contextlib import contextmanager

from . import catalog as catalogs
from . import manifest, target
from .base import Config, Problem, empty, free_bytes, iso, lock, now, read_json, remove, write_json
from .fetchfull import basedir, check_gtids, unpack
from .full import space_problem, workplace
from .placing import OLD_MOVED, PLACED, PLACING, PREPARED, beside, running, state_file
from .replay import replay
from .restic import Repository
from .scratch import Scratch
from .server import Session, look


@contextmanager
def calculator(config: Config) -> t.Iterator[Session]:
    """Any server, to do sums with GTID sets: the live one, or an empty one for the moment."""
    if running(config):
        with Session(config.socket) as session:
            yield session
        return
    program = os.path.join(config.mysql_dir, "current")
    data = os.path.join(config.work, "empty")
    remove(data)
    os.makedirs(config.work, exist_ok=True)
    owner = pwd.getpwnam(config.user)
    for folder in (config.work, data):
        os.makedirs(folder, exist_ok=True)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    # auth_socket is no plugin of --initialize, and the scratch server has no password to give: root comes in without one, on a socket in a private directory.
    argv = [
        os.path.join(program, "bin/mysqld"),
        "--no-defaults",
        f"--basedir={program}",
        f"--datadir={data}",
        f"--lc-messages-dir={program}/share",
        "--initialize-insecure",
    ]
    done = subprocess.run(argv, user=owner.pw_uid, group=owner.pw_gid, extra_groups=[], capture_output=True, text=True, check=False, cwd="/")
    if done.returncode != 0:
        raise Problem(
            f"{program}: an empty server for GTID sums could not be made: {done.stderr.strip()[-300:]}. Next: is the role mysql installed on this host?"
        )
    try:
        with Scratch(config, data, program, {}) as scratch, scratch.session() as session:
            yield session
    finally:
        remove(data)


def plan(config: Config, to: str, more_comes: bool = False) -> target.Plan:
    """What would be done; changes nothing."""
    repository = Repository(config)
    repository.open()
    with calculator(config) as session:
        found = target.make(session, repository, config, catalogs.read(repository.snapshots()), to, more_comes)
    basedir(config, found.manifest["version"])
    needed = int(found.manifest["bytes"]) + 2 * sum(step.bytes for step in found.steps)
    known = read_json(state_file(config))
    if not known.get("stage"):
        problem = space_problem(
            needed, free_bytes(config.data_dir), os.path.dirname(beside(config, ".restoring")), f"restoring {found.full.id} beside the present data"
        )
        if problem:
            raise Problem(problem + " Old data that earlier restores kept go with -e restore_discard_old=yes.")
    return found


def shown(config: Config, to: str, more_comes: bool) -> dict[str, t.Any]:
    """mysql-backup plan: what would be done, or what of an interrupted restore is left to do."""
    known = half_done(config, to)
    return {**known, "binlogs": []} if known else plan(config, to, more_comes).shown()


def half_done(config: Config, to: str) -> dict[str, t.Any]:
    """A restore that was interrupted after it touched the data: it is finished first."""
    known = read_json(state_file(config))
    if known.get("stage") not in (PLACING, OLD_MOVED, PLACED):
        return {}
    if known["to"] != to:
        raise Problem(
            f"A restore to {known['to']} was interrupted on {config.host} and is not finished. Next: run it again with -e restore_to='{known['to']}'."
        )
    return known


def state(config: Config) -> dict[str, t.Any]:
    """mysql-backup restore-state: what a playbook needs to know before it chooses a host."""
    known = read_json(state_file(config))
    found = {"running": running(config), "writable": False, "stage": known.get("stage", ""), "to": known.get("to", "")}
    if found["running"]:
        with Session(config.socket) as session:
            me = look(session)
        found["writable"] = me.writable
        if found["stage"] == PLACED and me.role != "none":
            # Somebody else has opened the restored server, or made it a standby: nothing is left to do, and nothing may be done again later.
            remove(state_file(config))
            found.update(stage="", to="")
    return found


def prepare(config: Config, to: str) -> dict[str, t.Any]:
    """mysql-backup prepare: the data as they were, beside the data as they are. The live server goes on."""
    with lock(config, "work"):
        known = half_done(config, to)
        if known:
            return {"changed": False, **known}
        started = time.monotonic()
        wanted = plan(config, to)
        folder = beside(config, ".restoring")
        known = read_json(state_file(config))
        if known.get("stage") == PREPARED and os.path.isdir(folder) and (known["to"], known["full"], known["reach"]) == (to, wanted.full.id, wanted.reach):
            return {"changed": False, **known}
        remove(state_file(config))
        workplace(config)
        repository = Repository(config)
        try:
            data = unpack(config, repository, wanted, folder)
            fetched = time.monotonic() - started
            with Scratch(config, data, basedir(config, wanted.manifest["version"]), wanted.manifest["variables"], lasting=True) as scratch:
                check_gtids(scratch, wanted)
                with scratch.session() as session:
                    session.rows("SET GLOBAL super_read_only = OFF")
                done = replay(config, repository, scratch, wanted)
                rows = manifest.measure(scratch, config, 0)
            os.sync()
        finally:
            empty(config.work)
        found = {
            "stage": PREPARED,
            "to": to,
            "full": wanted.full.id,
            "full_at": iso(wanted.full.at),
            "reach": wanted.reach,
            "prepared_at": iso(now()),
            "folder": folder,
            "gtid_executed": done["gtid_executed"],
            "stopped_before": done["stopped_before"],
            "binlogs": len(wanted.steps),
            "tables": len(rows),
            "rows": sum(int(one["rows"] or 0) for one in rows.values()),
            "bytes": wanted.manifest["bytes"],
            "seconds_fetch": round(fetched, 1),
            "seconds": round(time.monotonic() - started, 1),
        }
        write_json(state_file(config), found)
        return {"changed": True, **found}
