# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore in steps that can each be done again: prepare beside the data, place, start, mark."""

from __future__ import annotations

import os
import time
import typing as t
from contextlib import contextmanager

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.restoring import ASIDE, LEAVING, OLD_MOVED, OPENED, PLACED, PLACING, PREPARED
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.smallfile import read_json

from . import catalog as catalogs
from . import hold, manifest, target
from .base import empty, free_bytes, iso, now, remove, size
from .config import Config, Data
from .fetchfull import basedir, check_gtids, unpack
from .full import space_problem, workplace
from .gtids import Gtids, Sums
from .placing import beside, contents, kept_paths, restored_file, running, state_file, still_leaving, write_state
from .replay import replay
from .restic import Repository
from .scratch import Scratch
from .server import connect, look


@contextmanager
def calculator(data: Data) -> t.Iterator[Sums]:
    """Sums with GTID sets: by the live server, or here where none runs."""
    if running(data):
        with connect(data.socket) as session:
            yield session
        return
    yield Gtids()


def room(data: Data, found: target.Plan) -> str:
    """The sentence; empty when there is enough. What an earlier try left beside the data goes before this one, so it counts as free."""
    folder = beside(data, ".restoring")
    where = os.path.dirname(folder)
    needed = int(found.manifest["bytes"]) + 2 * sum(step.bytes for step in found.steps)
    kept = kept_paths(data)
    following = f"Next: df -h {where}; add space there, then run the restore again."
    if kept:
        following = (
            f"Earlier restores have kept {size(sum(tree_bytes(one) for one in kept))} of old data. Next: on {data.host}: mysql-backup discard-old, "
            "when nobody needs them; else add space there."
        )
    return space_problem(needed, free_bytes(where) + tree_bytes(folder), where, f"restoring {found.full.id} beside the present data", following)


def tree_bytes(path: str) -> int:
    """All files below a directory; 0 when there is none."""
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _folders, names in os.walk(path) for name in names)


def plan(config: Config, to: str, more_comes: bool = False) -> target.Plan:
    """What would be done; changes nothing."""
    repository = Repository(config.store)
    repository.open()
    with calculator(config.data) as session:
        found = target.make(session, repository, catalogs.read(repository.snapshots()), to, more_comes)
    basedir(config.data.mysql_dir, found.manifest["version"])
    if not prepared(config.data, to, found):
        problem = room(config.data, found)
        if problem:
            raise Problem(problem)
    return found


def prepared(data: Data, to: str, wanted: target.Plan) -> dict[str, t.Any]:
    """What an earlier run has restored beside the data, when it is just that."""
    known = read_json(state_file(data))
    same = known.get("stage") == PREPARED and (known["to"], known["full"], known["reach"]) == (to, wanted.full.id, wanted.reach)
    return known if same and os.path.isfile(os.path.join(known["folder"], "data", "mysql.ibd")) else {}


def shown(config: Config, to: str, more_comes: bool, again: str) -> dict[str, t.Any]:
    """mysql-backup plan: what would be done, or what of an interrupted restore is left to do."""
    known = half_done(config.data, to, again)
    return known or {"stage": "", **plan(config, to, more_comes).shown()}


def half_done(data: Data, to: str, again: str) -> dict[str, t.Any]:
    """A restore that was interrupted after it touched the data: it is finished first. One that was opened is not done twice.

    again: when the restore was opened that may be given up, with everything that was written since.
    """
    known, done = read_json(state_file(data)), read_json(restored_file(data))
    if known.get("stage") == ASIDE:
        raise Problem(
            f"{data.host}: its old data are on their way out of {data.directory}. Nothing was changed. Next: mysql-backup set-aside on {data.host}."
        )
    if known.get("stage") not in (PLACING, OLD_MOVED, PLACED):
        return done if done.get("to") == to and done["opened_at"] != again else {}
    if known["to"] != to:
        raise Problem(
            f"A restore to {known['to']} was interrupted on {data.host} and is not finished. Nothing was changed. "
            f"Next: ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name> -e op_restore_to='{known['to']}'"
        )
    return known


def state(data: Data) -> dict[str, t.Any]:
    """mysql-backup restore-state: what a playbook needs to know before it decides. Reads only."""
    known = read_json(state_file(data))
    found: dict[str, t.Any] = {"stage": known.get("stage", ""), "to": known.get("to", ""), "gtid_executed": known.get("gtid_executed", "")}
    found.update(restored=read_json(restored_file(data)))
    found.update(running=running(data), writable=False, role="", data=bool([name for name in contents(data) if not name.startswith(".")]))
    if not found["running"]:
        return found
    with connect(data.socket) as session:
        me = look(session)
    found.update(writable=me.writable, role=me.role)
    if found["stage"] == PLACED and me.role != "none":
        found.update(stage=OPENED)  # the run that opened it, or somebody, did not come to note it
    if found["stage"] == LEAVING and not still_leaving(known, me):
        found.update(stage="")  # it was copied anew, or had nothing beyond what was restored, and follows
    return found


def prepare(config: Config, to: str, again: str = "") -> dict[str, t.Any]:
    """mysql-backup prepare: the data as they were, beside the data as they are. The live server goes on, and so does shipping."""
    data, place = config.data, config.workplace
    known = half_done(data, to, again)
    if known:
        return {"changed": False, **known}
    with hold.first(config.home, ("full", "verify", "expire"), "work"):
        started = time.monotonic()
        wanted = plan(config, to)
        folder = beside(data, ".restoring")
        known = prepared(data, to, wanted)
        if known:
            return {"changed": False, **known}
        remove(state_file(data))
        workplace(place)
        repository = Repository(config.store)
        try:
            copy = unpack(repository, place.user, wanted, folder)
            fetched = time.monotonic() - started
            with Scratch(place, copy, basedir(data.mysql_dir, wanted.manifest["version"]), wanted.manifest["variables"], lasting=True) as scratch:
                check_gtids(scratch, wanted)
                with scratch.session() as session:
                    session.rows("SET GLOBAL super_read_only = OFF")
                done = replay(place, repository, scratch, wanted)
                rows = manifest.measure(scratch, place.threads, 0)
            os.sync()
        finally:
            empty(place.work)
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
        write_state(data, found)
        return {"changed": True, **found}
