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
from .base import Config, empty, free_bytes, iso, now, remove, size
from .fetchfull import basedir, check_gtids, unpack
from .full import space_problem, workplace
from .gtids import Gtids, Sums
from .placing import beside, contents, kept_paths, restored_file, running, state_file, still_leaving, write_state
from .replay import replay
from .restic import Repository
from .scratch import Scratch
from .server import connect, look


@contextmanager
def calculator(config: Config) -> t.Iterator[Sums]:
    """Sums with GTID sets: by the live server, or here where none runs."""
    if running(config):
        with connect(config.socket) as session:
            yield session
        return
    yield Gtids()


def room(config: Config, found: target.Plan) -> str:
    """The sentence; empty when there is enough. What an earlier try left beside the data goes before this one, so it counts as free."""
    folder = beside(config, ".restoring")
    where = os.path.dirname(folder)
    needed = int(found.manifest["bytes"]) + 2 * sum(step.bytes for step in found.steps)
    kept = kept_paths(config)
    following = f"Next: df -h {where}; add space there, then run the restore again."
    if kept:
        following = (
            f"Earlier restores have kept {size(sum(tree_bytes(one) for one in kept))} of old data. Next: on {config.host}: mysql-backup discard-old, "
            "when nobody needs them; else add space there."
        )
    return space_problem(needed, free_bytes(where) + tree_bytes(folder), where, f"restoring {found.full.id} beside the present data", following)


def tree_bytes(path: str) -> int:
    """All files below a directory; 0 when there is none."""
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _folders, names in os.walk(path) for name in names)


def plan(config: Config, to: str, more_comes: bool = False) -> target.Plan:
    """What would be done; changes nothing."""
    repository = Repository(config)
    repository.open()
    with calculator(config) as session:
        found = target.make(session, repository, config, catalogs.read(repository.snapshots()), to, more_comes)
    basedir(config, found.manifest["version"])
    if not prepared(config, to, found):
        problem = room(config, found)
        if problem:
            raise Problem(problem)
    return found


def prepared(config: Config, to: str, wanted: target.Plan) -> dict[str, t.Any]:
    """What an earlier run has restored beside the data, when it is just that."""
    known = read_json(state_file(config))
    same = known.get("stage") == PREPARED and (known["to"], known["full"], known["reach"]) == (to, wanted.full.id, wanted.reach)
    return known if same and os.path.isfile(os.path.join(known["folder"], "data", "mysql.ibd")) else {}


def shown(config: Config, to: str, more_comes: bool, again: str) -> dict[str, t.Any]:
    """mysql-backup plan: what would be done, or what of an interrupted restore is left to do."""
    known = half_done(config, to, again)
    return known or {"stage": "", **plan(config, to, more_comes).shown()}


def half_done(config: Config, to: str, again: str) -> dict[str, t.Any]:
    """A restore that was interrupted after it touched the data: it is finished first. One that was opened is not done twice.

    again: when the restore was opened that may be given up, with everything that was written since.
    """
    known, done = read_json(state_file(config)), read_json(restored_file(config))
    if known.get("stage") == ASIDE:
        raise Problem(
            f"{config.host}: its old data are on their way out of {config.data_dir}. Nothing was changed. Next: mysql-backup set-aside on {config.host}."
        )
    if known.get("stage") not in (PLACING, OLD_MOVED, PLACED):
        return done if done.get("to") == to and done["opened_at"] != again else {}
    if known["to"] != to:
        raise Problem(
            f"A restore to {known['to']} was interrupted on {config.host} and is not finished. Nothing was changed. "
            f"Next: ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name> -e op_restore_to='{known['to']}'"
        )
    return known


def state(config: Config) -> dict[str, t.Any]:
    """mysql-backup restore-state: what a playbook needs to know before it decides. Reads only."""
    known = read_json(state_file(config))
    found: dict[str, t.Any] = {"stage": known.get("stage", ""), "to": known.get("to", ""), "gtid_executed": known.get("gtid_executed", "")}
    found.update(restored=read_json(restored_file(config)))
    found.update(running=running(config), writable=False, role="", data=bool([name for name in contents(config) if not name.startswith(".")]))
    if not found["running"]:
        return found
    with connect(config.socket) as session:
        me = look(session)
    found.update(writable=me.writable, role=me.role)
    if found["stage"] == PLACED and me.role != "none":
        found.update(stage=OPENED)  # the run that opened it, or somebody, did not come to note it
    if found["stage"] == LEAVING and not still_leaving(known, me):
        found.update(stage="")  # it was copied anew, or had nothing beyond what was restored, and follows
    return found


def prepare(config: Config, to: str, again: str = "") -> dict[str, t.Any]:
    """mysql-backup prepare: the data as they were, beside the data as they are. The live server goes on, and so does shipping."""
    known = half_done(config, to, again)
    if known:
        return {"changed": False, **known}
    with hold.first(config, ("full", "verify", "expire"), "work"):
        started = time.monotonic()
        wanted = plan(config, to)
        folder = beside(config, ".restoring")
        known = prepared(config, to, wanted)
        if known:
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
        write_state(config, found)
        return {"changed": True, **found}
