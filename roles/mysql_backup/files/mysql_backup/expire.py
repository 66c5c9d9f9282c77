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
from .base import GIB, lock, now, parse, remove, say, size
from .config import Config, Home
from .restic import Repository, Snapshot
from .server import live, look


def old_records(session: Server, repository: Repository, catalog: catalogs.Catalog, oldest: catalogs.Full) -> list[Snapshot]:
    """Shipped binary logs that no kept full needs."""
    base = str(catalogs.manifest(repository, oldest)["gtid_executed"])
    ends: dict[str, str] = {}
    for chain in catalog.chains():
        newest = catalog.last_of(chain)
        assert newest is not None
        files = catalogs.index(repository, newest)["files"]
        for record in catalog.records:
            if record.chain == chain and record is not newest and record.files and all(name in files for name in record.files):
                ends[record.snapshot.id] = str(files[max(record.files)]["end"])
    gone = set(retention.needless(ends, base, lambda left, right: not session.subtract(left, right)))
    return [one.snapshot for one in catalog.records if one.snapshot.id in gone]


def forget_cache(cache: str, present: set[str]) -> None:
    """What was read from snapshots that are gone."""
    folder = os.path.join(cache, "meta")
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name.split(".")[0] not in present:
            remove(os.path.join(folder, name))


PIECES = 3  # of the smallest size that may run out of time one after the other
UNUSED = re.compile(r"unused size after prune:.*\(([\d.]+)% of remaining")


def seconds_of(interval: int) -> float:
    """How long one piece may have the repository for itself: half of the time between two runs that ship."""
    return max(5.0, interval / 2)


def turn(home: Home, interval: int) -> None:
    """Wait until the next run that ships is far enough away. One that does not come within its interval and a half is not waited for."""
    end = time.monotonic() + 1.5 * interval + 10
    while True:
        ship = status.read(home)["steps"].get("ship", {})
        last = ship.get("last_run", "")
        since = (now() - parse(last)).total_seconds() if last else 0.0
        if (not ship.get("started") and 0 <= since < interval - seconds_of(interval)) or time.monotonic() >= end:
            return
        time.sleep(0.2)


def forget(home: Home, interval: int, repository: Repository, snapshots: t.Sequence[Snapshot]) -> None:
    """Remove entries, some at a time."""
    for first in range(0, len(snapshots), 50):
        turn(home, interval)
        repository.forget(snapshots[first : first + 50])


def prune(home: Home, interval: int, repository: Repository) -> int:
    """Free what no entry needs, in pieces, for nothing can be shipped meanwhile. Returns how many."""
    mebibytes, late, before, count = 2048, 0, 101.0, 0
    while True:
        turn(home, interval)
        count += 1
        done = repository.piece("prune", "--max-unused", "10%", f"--max-repack-size={mebibytes}M", "--cleanup-cache", seconds=seconds_of(interval))
        if done is None:
            late = late + 1 if mebibytes == 0 else 0
            mebibytes = mebibytes // 4 if mebibytes >= 32 else 0
            if late >= PIECES:
                raise Problem(
                    f"The repository {repository.store.address} cannot be pruned between two runs that ship binary logs: {PIECES} times one run of restic "
                    f"prune took more than {seconds_of(interval):.0f} s although it had nothing to write. Shipping goes on; what was forgotten still takes "
                    f"space. Next: set mysql_backup_ship_interval: <seconds, more than {interval}> when the store cannot be faster, then "
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
    home, interval, keep = config.home, config.shipping.interval, config.retention
    with lock(home, "work"), live(config.data.socket, None) as session:
        why = hold.reason(home)
        if why:
            return {"acted": False, "why": why}
        started = time.monotonic()
        doing, why = decide.acts(look(session))
        if not doing:
            return {"acted": False, "why": why}
        repository = Repository(config.store)
        repository.open()
        catalog = catalogs.read(repository.snapshots())
        if not catalog.fulls:
            return {"acted": False, "why": "there is no full backup"}
        gone = retention.removable(catalog.fulls, now(), keep.days, keep.keep_min)
        kept = [one for one in catalog.fulls if one not in gone]
        records = old_records(session, repository, catalog, kept[0])
        names = {one.id for one in gone}
        proofs = [one for one in catalog.proofs if one.tag("of") in names or one.tag("of") not in {full.id for full in catalog.fulls}]
        pieces = 0
        if not config.store.append_only:
            # The fulls last: killed in between, what is left is still a full with its binary logs.
            forget(home, interval, repository, proofs)
            forget(home, interval, repository, records)
            forget(home, interval, repository, [one.snapshot for one in gone])
            pieces = prune(home, interval, repository)
            for one in gone:
                say(f"removed the full backup {one.id}")
        stored = repository.bytes()
        left = repository.snapshots()
        forget_cache(config.store.cache, {one.id for one in left})
        status.repository(home, catalogs.read(left))
        result = {
            "acted": True,
            "why": why,
            "bytes": stored,
            "removed": [one.id for one in gone],
            "removed_binlog_records": len(records),
            "kept": [one.id for one in kept],
            "append_only": config.store.append_only,
            "pieces": pieces,
            "seconds": round(time.monotonic() - started, 1),
        }
        if keep.max_size_gb and stored > keep.max_size_gb * GIB:
            raise Problem(
                f"The repository {config.store.address} holds {size(stored)}, more than mysql_backup_max_size_gb={keep.max_size_gb:g}, and the "
                "retention allows to remove nothing more. Nothing inside the retention was deleted. "
                "Next: set mysql_backup_max_size_gb: <more>, or mysql_backup_retention_days: <less>, then ansible-playbook onprem.wandb.backups -i <inventory>"
            )
        return result
