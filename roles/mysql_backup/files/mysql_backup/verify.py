# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof: restore the newest full from the repository, compare it, replay the shipped binary logs to their end."""

from __future__ import annotations

import json
import os
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem

from . import catalog as catalogs
from . import decide, hold, manifest, status, target
from .base import GIB, empty, free_bytes, iso, lock, now, say
from .config import Config, Workplace
from .fetchfull import basedir, compare, unpack
from .full import space_problem, workplace
from .replay import replay
from .restic import Repository
from .scratch import Scratch
from .server import live, look


def share(stored: int, limit_gb: float) -> str:
    """How much of the repository is read back, as restic's percentage: at most limit_gb."""
    if stored <= limit_gb * GIB:
        return "100%"
    return f"{max(0.1, limit_gb * GIB / stored * 100):.1f}%"


def prove(place: Workplace, mysql_dir: str, repository: Repository, plan: target.Plan) -> dict[str, t.Any]:
    """Restore, compare, replay."""
    started = time.monotonic()
    data = unpack(repository, place.user, plan, os.path.join(place.work, "verify"))
    restored = time.monotonic() - started
    with Scratch(place, data, basedir(mysql_dir, plan.manifest["version"]), plan.manifest["variables"]) as scratch:
        wrong = compare(scratch, place, plan)
        if wrong:
            raise Problem(
                f"The full backup {plan.full.id} is not what it was when it was made: {'; '.join(wrong[:5])}{' …' if len(wrong) > 5 else ''}. "
                "Earlier ones are untouched. Next: mysql-backup full, then mysql-backup verify."
            )
        compared = time.monotonic() - started - restored
        with scratch.session() as session:
            session.rows("SET GLOBAL super_read_only = OFF")
        done = replay(place, repository, scratch, plan)
        rows = manifest.measure(scratch, place.threads, 0)
        replayed = time.monotonic() - started - restored - compared
    return {
        "full": plan.full.id,
        "full_at": iso(plan.full.at),
        "gtid_executed": done["gtid_executed"],
        "bytes": plan.manifest["bytes"],
        "binlogs": len(plan.steps),
        "binlog_bytes": done["binlog_bytes"],
        "tables": len(rows),
        "rows": sum(int(one["rows"] or 0) for one in rows.values()),
        "unchecked": manifest.unchecked(plan.manifest["tables"]),
        "seconds_restore": round(restored, 1),
        "seconds_compare": round(compared, 1),
        "seconds_replay": round(replayed, 1),
    }


def run(config: Config) -> dict[str, t.Any]:
    """mysql-backup verify"""
    home, place = config.home, config.workplace
    with lock(home, "work"), live(config.data.socket, None) as session:
        why = hold.reason(home)
        if why:
            return {"acted": False, "why": why}
        started = time.monotonic()
        doing, why = decide.acts(look(session))
        if not doing:
            return {"acted": False, "why": why}
        workplace(place)
        repository = Repository(config.store)
        repository.open()
        catalog = catalogs.read(repository.snapshots())
        try:
            plan = target.make(session, repository, catalog, "latest")
            needed = int(plan.manifest["bytes"]) + 2 * sum(step.bytes for step in plan.steps)
            problem = space_problem(needed, free_bytes(place.work), place.work, f"restoring {plan.full.id}")
            if problem:
                raise Problem(problem)
            say(f"{home.host} proves {plan.full.id}: {why}")
            found = prove(place, config.data.mysql_dir, repository, plan)
            checked = time.monotonic()
            repository.run("check", f"--read-data-subset={share(repository.bytes(), place.check_read_gb)}", "--no-lock", timeout=config.store.timeout)
            found["seconds_check"] = round(time.monotonic() - checked, 1)
        finally:
            empty(place.work)
        found["seconds"] = round(time.monotonic() - started, 1)
        proof = {**found, "at": iso(now()), "host": home.host}
        repository.backup(["/proof.json"], [catalogs.PROOF, f"of={plan.full.id}"], stdin=json.dumps(proof))
        status.repository(home, catalogs.read(repository.snapshots()))
        return {"acted": True, "why": why, **proof}
