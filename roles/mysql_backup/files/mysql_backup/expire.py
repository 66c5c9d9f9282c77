# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove what the retention allows to remove, and nothing else."""

from __future__ import annotations

import os
import time
import typing as t

from . import catalog as catalogs
from . import decide, retention, status
from .base import GIB, Config, Problem, lock, now, remove, say, size
from .restic import Repository, Snapshot
from .server import Session, live, look


def old_records(session: Session, repository: Repository, config: Config, catalog: catalogs.Catalog, oldest: catalogs.Full) -> list[Snapshot]:
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


def run(config: Config) -> dict[str, t.Any]:
    """mysql-backup expire"""
    with lock(config, "work"), live(config.socket, None) as session:
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
        if not config.append_only:
            # The fulls last: killed in between, what is left is still a full with its binary logs.
            repository.forget(proofs)
            repository.forget(records)
            repository.forget([one.snapshot for one in gone])
            repository.run("prune", "--max-unused", "10%", "--cleanup-cache", timeout=config.timeout)
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
            "seconds": round(time.monotonic() - started, 1),
        }
        if config.max_size_gb and stored > config.max_size_gb * GIB:
            raise Problem(
                f"The repository {config.repository} holds {size(stored)}, more than mysql_backup_max_size_gb={config.max_size_gb:g}, and the retention "
                "allows to remove nothing "
                f"more. Nothing inside the retention was deleted. Next: raise mysql_backup_max_size_gb, or shorten mysql_backup_retention_days."
            )
        return result
