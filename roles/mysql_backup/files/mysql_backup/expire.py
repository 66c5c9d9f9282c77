# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove what the retention allows to remove, and nothing else."""

from __future__ import annotations

import os
import re
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, Server

from . import catalog as catalogs
from . import decide, hold, retention, status
from .base import GIB, Config, lock, now, parse, remove, say, size
from .restic import Repository, Snapshot
from .server import live, look


def old_records(session: Server, repository: Repository, config: Config, catalog: catalogs.Catalog, oldest: catalogs.Full) -> list[Snapshot]:
    """Shipped binary logs that no kept full needs."""
    base = str(catalogs.manifest(repository, config, oldest)["gtid_executed"])
    ends: dict[str, str] = {}
    for chain in catalog.chains():
        newest = catalog.last_of(chain)
        assert newest is not None
        files = catalogs.index(repository, config, newest)["files"]
        for record in catalog.records:
            if record.chain == chain and record is not newest and record.files and all(name in files for name in record.files):
                ends[record.snapshot.id] = str(files[max(record.files)]["end"])
    gone = set(retention.needless(ends, base, lambda left, right: not session.subtract(left, right)))
    return [one.snapshot for one in catalog.records if one.snapshot.id in gone]


def forget_cache(config: Config, present: set[str]) -> None:
    """What was read from snapshots that are gone."""
    folder = os.path.join(config.cache, "meta")
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name.split(".")[0] not in present:
            remove(os.path.join(folder, name))


PIECES = 3  # of the smallest size that may run out of time one after the other
UNUSED = re.compile(r"unused size after prune:.*\(([\d.]+)% of remaining")


def seconds_of(config: Config) -> float:
    """How long one piece may have the repository for itself: half of the time between two runs that ship."""
    return max(5.0, config.ship_interval / 2)


def turn(config: Config) -> None:
    """Wait until the next run that ships is far enough away. One that does not come within its interval and a half is not waited for."""
    end = time.monotonic() + 1.5 * config.ship_interval + 10
    while True:
        ship = status.read(config)["steps"].get("ship", {})
        last = ship.get("last_run", "")
        since = (now() - parse(last)).total_seconds() if last else 0.0
        if (not ship.get("started") and 0 <= since < config.ship_interval - seconds_of(config)) or time.monotonic() >= end:
            return
        time.sleep(0.2)


def forget(config: Config, repository: Repository, snapshots: t.Sequence[Snapshot]) -> None:
    """Remove entries, some at a time."""
    for first in range(0, len(snapshots), 50):
        turn(config)
        repository.forget(snapshots[first : first + 50])


def prune(config: Config, repository: Repository) -> int:
    """Free what no entry needs, in pieces, for nothing can be shipped meanwhile. Returns how many."""
    mebibytes, late, before, count = 2048, 0, 101.0, 0
    while True:
        turn(config)
        count += 1
        done = repository.piece("prune", "--max-unused", "10%", f"--max-repack-size={mebibytes}M", "--cleanup-cache", seconds=seconds_of(config))
        if done is None:
            late = late + 1 if mebibytes == 0 else 0
            mebibytes = mebibytes // 4 if mebibytes >= 32 else 0
            if late >= PIECES:
                raise Problem(
                    f"The repository {config.repository} cannot be pruned between two runs that ship binary logs: {PIECES} times one run of restic prune "
                    f"took more than {seconds_of(config):.0f} s although it had nothing to write. Shipping goes on; what was forgotten still takes space. "
                    f"Next: set mysql_backup_ship_interval: <seconds, more than {config.ship_interval}> when the store cannot be faster, then "
                    "ansible-playbook onprem.wandb.backups -i <inventory>"
                )
            continue
        seen = UNUSED.search(done.out)
        left = float(seen[1]) if seen else 0.0
        if left <= 10 or left >= before:
            return count
        before = left


def run(config: Config) -> dict[str, t.Any]:
    """mysql-backup expire"""
    with lock(config, "work"), live(config.socket, None) as session:
        why = hold.reason(config)
        if why:
            return {"acted": False, "why": why}
        started = time.monotonic()
        doing, why = decide.acts(look(session))
        if not doing:
            return {"acted": False, "why": why}
        repository = Repository(config)
        repository.open()
        catalog = catalogs.read(repository.snapshots())
        if not catalog.fulls:
            return {"acted": False, "why": "there is no full backup"}
        gone = retention.removable(catalog.fulls, now(), config.retention_days, config.keep_min)
        kept = [one for one in catalog.fulls if one not in gone]
        records = old_records(session, repository, config, catalog, kept[0])
        names = {one.id for one in gone}
        proofs = [one for one in catalog.proofs if one.tag("of") in names or one.tag("of") not in {full.id for full in catalog.fulls}]
        pieces = 0
        if not config.append_only:
            # The fulls last: killed in between, what is left is still a full with its binary logs.
            forget(config, repository, proofs)
            forget(config, repository, records)
            forget(config, repository, [one.snapshot for one in gone])
            pieces = prune(config, repository)
            for one in gone:
                say(f"removed the full backup {one.id}")
        stored = repository.bytes()
        left = repository.snapshots()
        forget_cache(config, {one.id for one in left})
        status.repository(config, catalogs.read(left))
        result = {
            "acted": True,
            "why": why,
            "bytes": stored,
            "removed": [one.id for one in gone],
            "removed_binlog_records": len(records),
            "kept": [one.id for one in kept],
            "append_only": config.append_only,
            "pieces": pieces,
            "seconds": round(time.monotonic() - started, 1),
        }
        if config.max_size_gb and stored > config.max_size_gb * GIB:
            raise Problem(
                f"The repository {config.repository} holds {size(stored)}, more than mysql_backup_max_size_gb={config.max_size_gb:g}, and the "
                "retention allows to remove nothing more. Nothing inside the retention was deleted. "
                "Next: set mysql_backup_max_size_gb: <more>, or mysql_backup_retention_days: <less>, then ansible-playbook onprem.wandb.backups -i <inventory>"
            )
        return result
