# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Binary logs into the repository, every minute: whole files once, and the beginning of the active one."""

from __future__ import annotations

import datetime
import os
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, Server
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.smallfile import read_json, write_json

from . import binlogs, decide, guard, hold, status
from . import catalog as catalogs
from .base import GIB, iso, lock, now, parse, remove, say, size
from .config import Config, Home
from .restic import Failed, Repository, Snapshot
from .server import Look, live, look

Meta = dict[str, t.Any]
LATE = 2  # intervals that a standby has for shipping what its primary committed
MIN_PATIENCE = 30  # seconds that a run waits for the exclusive lock of an expiry


def chain_of(uuid: str, known: t.Mapping[str, Meta], births: t.Mapping[str, int]) -> str:
    """Name of this row of files. A server whose numbers began again (RESET, CLONE) begins another one under its uuid. births: name -> begun, of live files."""
    rows = [name for name in known if name.split("~")[0] == uuid]
    for name in reversed(rows):
        files = known[name]["files"]
        if all(files[one]["begun"] == births[one] for one in files if one in births):
            return name
    return uuid if not rows else f"{uuid}~{min(births.values())}"


def superseded(records: t.Iterable[catalogs.Record], chain: str, newest: t.Mapping[str, int]) -> list[Snapshot]:
    """Earlier runs of a server all of whose files are in the newest one, at least as large."""
    return [one.snapshot for one in records if one.chain == chain and one.files and all(newest.get(name, -1) >= size for name, size in one.files.items())]


def after(last: t.Optional[datetime.datetime], at: datetime.datetime) -> datetime.datetime:
    """The time of a record. The newest one's index is what a restore follows, so no record is older than one before it: a host whose clock was ahead when
    it booted, until it was set, has dated some into the future."""
    return at if last is None or at > last else last + datetime.timedelta(seconds=1)


def batches(wanted: t.Sequence[binlogs.LogFile], limit: int) -> list[list[binlogs.LogFile]]:
    """In order, each at most limit bytes, or one file: the spool stays small."""
    found: list[list[binlogs.LogFile]] = []
    for one in wanted:
        if found and sum(other.size for other in found[-1]) + one.size <= limit:
            found[-1].append(one)
        else:
            found.append([one])
    return found


class Shipment:
    """One run."""

    def __init__(self, home: Home, repository: Repository, session: Server, me: Look, catalog: catalogs.Catalog) -> None:
        self.home, self.repository, self.session, self.me, self.catalog = home, repository, session, me, catalog
        self.last_at = catalog.records[-1].at if catalog.records else None
        self.known = catalogs.latest_indexes(repository, catalog)
        self.files, self.executed = binlogs.files(session, me)
        births = {one.name: binlogs.begun(one.path) for one in self.files}
        self.births = births
        self.chain = chain_of(me.server_uuid, self.known, births)
        self.index: dict[str, Meta] = dict(self.known.get(self.chain, {"files": {}})["files"])
        self.base = str(catalogs.manifest(repository, catalog.fulls[-1])["gtid_executed"])
        others = {name: content for name, content in self.known.items() if name != self.chain}
        self.elsewhere = catalogs.covered(session, self.base, others)

    def others_reach_back(self) -> bool:
        """Whether the newest record is another server's, and nothing before its first file is missing."""
        newest = self.catalog.records[-1] if self.catalog.records else None
        if newest is None:
            return True
        if newest.chain == self.chain:
            return False
        files = self.known[newest.chain]["files"]
        first = min(files, default="")
        return bool(first) and not self.session.subtract(files[first]["previous"], self.covered())

    def covered(self) -> str:
        """Everything that is in the last full or in a record."""
        return catalogs.covered(self.session, self.base, self.known)

    def late(self) -> float:
        """Seconds for which something that this server executed is in no record, as runs of this host have seen it. 0: all that the last look saw is."""
        path = os.path.join(self.home.state_dir, "unshipped.json")
        known = read_json(path)
        executed = str(known.get("executed", ""))
        if known and not self.session.subtract(executed, self.executed) and self.session.subtract(executed, self.covered()):
            return (now() - parse(known["at"])).total_seconds()
        write_json(path, {"executed": self.executed, "at": iso(now())})
        return 0.0

    def entries(self) -> dict[str, Meta]:
        """What is known of each live file: what was executed before it and at its end."""
        before = {one.name: self.index.get(one.name, {}).get("previous") for one in self.files}
        for name, text in before.items():
            if text is None:
                before[name] = binlogs.previous(self.session, name)
        found = {}
        for one, after in zip(self.files, [*self.files[1:], None]):
            known = self.index.get(one.name, {})
            end = self.executed if after is None else known["end"] if known and not known["active"] else before[after.name]
            found[one.name] = {"size": one.size, "previous": before[one.name], "end": end, "begun": self.births[one.name], "active": one.active}
        return found

    def wanted(self, entries: t.Mapping[str, Meta]) -> list[binlogs.LogFile]:
        """Files with something new. A server that begins leaves out what a full or another server has brought already."""
        found: list[binlogs.LogFile] = []
        for one in self.files:
            old = self.index.get(one.name)
            if (old is not None and old["size"] >= one.size) or one.name < min(self.index, default=""):
                continue
            entry = entries[one.name]
            if (
                old is None
                and not found
                and not self.index
                and not self.session.subtract(self.session.subtract(entry["end"], entry["previous"]), self.elsewhere)
            ):
                if not one.active:
                    continue
            found.append(one)
        return found

    def exact(self, entries: dict[str, Meta], wanted: t.Sequence[binlogs.LogFile]) -> None:
        """What a closed file really holds. The next one's beginning says more when the server was copied from another one in between."""
        for one in wanted:
            if not one.active:
                own = binlogs.gtid_set(found.gtid for found in binlogs.scan(self.me.basedir, one.path))
                entries[one.name]["end"] = self.session.union(str(entries[one.name]["previous"]), own)

    def gap(self) -> str:
        """What was executed since the last full and is in no shipped file."""
        mine = {self.chain: {"files": self.index}}
        return self.session.subtract(self.executed, self.session.union(self.elsewhere, catalogs.covered(self.session, "", mine)))

    def send(self, batch: t.Sequence[binlogs.LogFile], entries: t.Mapping[str, Meta]) -> int:
        """One snapshot. The spool keeps the active file only."""
        folder = os.path.join(self.home.spool, self.chain)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for other in os.listdir(self.home.spool):
            if other != self.chain:
                remove(os.path.join(self.home.spool, other))
        keep = {one.name for one in batch}
        for name in os.listdir(folder):
            if name not in keep:
                remove(os.path.join(folder, name))
        copied = sum(binlogs.append(one.path, os.path.join(folder, one.name), one.size) for one in batch)
        self.index.update({one.name: entries[one.name] for one in batch})
        at = self.last_at = after(self.last_at, now())
        content = {
            "server_uuid": self.me.server_uuid,
            "host": self.home.host,
            "at": iso(at),
            "gtid_executed": entries[batch[-1].name]["end"],
            "files": self.index,
        }
        write_json(os.path.join(folder, "index.json"), content)
        sizes = {one.name: one.size for one in batch}
        tags = [catalogs.BINLOG, f"chain={self.chain}", f"at={iso(at)}", *[f"file={name}:{count}" for name, count in sizes.items()]]
        self.repository.backup([folder], tags)
        try:
            # The exclusive lock is not waited for: what was shipped is there, and the next run removes the same and more.
            self.repository.forget(superseded(self.catalog.records, self.chain, sizes), patience=0)
        except Failed as failure:
            if failure.kind != "locked":
                raise
        for one in batch:
            if not one.active:
                remove(os.path.join(folder, one.name))
        return copied


def run(config: Config, force: bool = False) -> dict[str, t.Any]:
    """mysql-backup ship. force: a record although nothing is new."""
    home, interval = config.home, config.shipping.interval
    with lock(home, "ship", interval if force else 0), live(config.data.socket) as session:
        waits = "" if force else hold.reason(home)
        if waits:
            return {"acted": False, "why": waits}
        me = look(session)
        doing, why = decide.acts(me)
        if not doing and me.role != "primary":
            return {"acted": False, "why": why, "fault": why in decide.FAULTS}
        started = time.monotonic()
        repository = Repository(config.store, patience=max(MIN_PATIENCE, interval))
        repository.probe()
        catalog = catalogs.read(repository.snapshots())
        status.repository(home, catalog)
        if not catalog.fulls:
            return {"acted": False, "why": "there is no full backup yet, so there is nothing that binary logs could continue"}
        shipment = Shipment(home, repository, session, me, catalog)
        late = shipment.late() if me.role == "primary" else 0.0
        doing, why = decide.ships(me, shipment.others_reach_back(), late, LATE * interval)
        if not doing:
            return {"acted": False, "why": why}
        try:
            guard.check(session, me, repository, home.site, catalog)
        except guard.Foreign as foreign:
            if not force:
                raise
            # Before a restore: this database is not the one that is restored, so nothing of it is missing there.
            return {"acted": False, "why": str(foreign)}
        entries = shipment.entries()
        wanted = shipment.wanted(entries)
        if force and not wanted:
            wanted = shipment.files[-1:]
        shipment.exact(entries, wanted)
        copied = 0
        for batch in batches(wanted, int(config.shipping.batch_gb * GIB)):
            copied += shipment.send(batch, entries)
        missing = shipment.gap()
        if missing:
            raise Problem(
                f"The binary logs in {config.store.address} do not continue the last full backup without a gap: {missing} is in none of them. "
                f"A restore ends before these transactions. Expected: every transaction since {catalog.fulls[-1].id}. Next: mysql-backup full."
            )
        if copied:
            say(f"shipped {size(copied)} of {', '.join(one.name for one in wanted)}")
        return {
            "acted": True,
            "why": why,
            "at": iso(now()),
            "bytes": copied,
            "files": [one.name for one in wanted],
            "gtid_executed": shipment.executed,
            "seconds": round(time.monotonic() - started, 2),
        }
