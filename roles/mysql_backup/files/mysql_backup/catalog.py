# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the repository holds: fulls, shipped binary logs, proofs, and marks of restores. Read from the tags of its snapshots."""

from __future__ import annotations

import datetime
import os
import typing as t
from dataclasses import dataclass, field

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.smallfile import read_json, write_json

from .base import parse
from .gtids import Sums
from .restic import Repository, Snapshot

FULL, BINLOG, PROOF, MARK = "full", "binlog", "verified", "restored"
MARK_FILE, PROBE_FILE = "/mark.json", "/probe.json"
Meta = dict[str, t.Any]


@dataclass(frozen=True)
class Full:
    """One full backup. at: everything in it was committed before."""

    id: str
    at: datetime.datetime
    snapshot: Snapshot
    verified: t.Optional[datetime.datetime] = None


@dataclass(frozen=True)
class Record:
    """One run that shipped binary logs of one server. files: name -> bytes."""

    chain: str
    at: datetime.datetime
    snapshot: Snapshot
    files: t.Mapping[str, int]


@dataclass
class Catalog:
    """Everything, the oldest first."""

    fulls: list[Full] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    proofs: list[Snapshot] = field(default_factory=list)
    marks: list[Snapshot] = field(default_factory=list)

    def last_of(self, chain: str, before: t.Optional[datetime.datetime] = None) -> t.Optional[Record]:
        """The newest record of a server; its index knows every file of that server."""
        found = [one for one in self.records if one.chain == chain and (before is None or one.at <= before)]
        return found[-1] if found else None

    def chains(self) -> list[str]:
        """The servers that shipped, in the order in which they began."""
        return list(dict.fromkeys(one.chain for one in self.records))

    def held(self, chain: str) -> dict[str, tuple[int, Snapshot]]:
        """For each file of a server the largest copy that is really there."""
        found: dict[str, tuple[int, Snapshot]] = {}
        for record in self.records:
            for name, size in record.files.items() if record.chain == chain else ():
                if size >= found.get(name, (0, None))[0]:
                    found[name] = (size, record.snapshot)
        return found


def own(one: Snapshot) -> bool:
    """Whether mysql-backup made an entry: one word may be anybody's, what belongs to it is not."""
    if PROOF in one.tags:
        return bool(one.tag("of"))
    if MARK in one.tags:
        return one.paths == (MARK_FILE,)
    if BINLOG in one.tags:
        return bool(one.tag("chain") and one.tag("at"))
    return FULL in one.tags and bool(one.tag("id"))


def read(snapshots: t.Iterable[Snapshot]) -> Catalog:
    """From the list of snapshots. Others may use the repository, too, and words like these: what is theirs must not be taken for a backup, nor expire."""
    found, proved = Catalog(), t.cast("dict[str, datetime.datetime]", {})
    snapshots = [one for one in snapshots if own(one)]
    for one in snapshots:
        if PROOF in one.tags:
            found.proofs.append(one)
            proved[one.tag("of")] = one.at
        elif MARK in one.tags:
            found.marks.append(one)
        elif BINLOG in one.tags:
            files = dict(tag[len("file=") :].rsplit(":", 1) for tag in one.tags if tag.startswith("file="))
            found.records.append(Record(one.tag("chain"), parse(one.tag("at")), one, {name: int(size) for name, size in files.items()}))
    fulls = {one.tag("id"): one for one in snapshots if FULL in one.tags}
    found.fulls = sorted((Full(name, one.at, one, proved.get(name)) for name, one in fulls.items()), key=lambda full: full.at)
    found.records.sort(key=lambda record: record.at)
    return found


def meta(repository: Repository, snapshot: Snapshot, name: str) -> Meta:
    """A small JSON file of a snapshot, kept on this host once it was read."""
    path = os.path.join(repository.store.cache, "meta", snapshot.id + ".json")
    found = read_json(path)
    if not found:
        found = repository.dump(snapshot, os.path.join(snapshot.paths[0], name) if not name.startswith("/") else name)
        write_json(path, found)
    return found


def manifest(repository: Repository, full: Full) -> Meta:
    """What a full holds."""
    return meta(repository, full.snapshot, "manifest.json")


def index(repository: Repository, record: Record) -> Meta:
    """What a server had shipped by then: files -> size, previous, end; gtid_executed."""
    return meta(repository, record.snapshot, "index.json")


def mark(repository: Repository, snapshot: Snapshot) -> Meta:
    """Where history began again."""
    return meta(repository, snapshot, MARK_FILE)


def latest_indexes(repository: Repository, catalog: Catalog) -> dict[str, Meta]:
    """The newest index of each server, with those files only that are really there, as large as the index says."""
    found = {}
    for chain in catalog.chains():
        record = catalog.last_of(chain)
        assert record is not None
        content, held = index(repository, record), catalog.held(chain)
        files = {name: entry for name, entry in content["files"].items() if held.get(name, (-1,))[0] >= entry["size"]}
        found[chain] = {**content, "files": files}
    return found


def segments(files: t.Mapping[str, Meta]) -> list[tuple[str, str]]:
    """previous and end of each unbroken row of files: one subtraction instead of one per file."""
    found: list[tuple[str, str]] = []
    for name in sorted(files):
        before, after = files[name]["previous"], files[name]["end"]
        if found and found[-1][1] == before:
            found[-1] = (found[-1][0], after)
        else:
            found.append((before, after))
    return found


def covered(session: Sums, base: str, indexes: t.Mapping[str, Meta]) -> str:
    """Every transaction that is in the base or in a shipped file."""
    parts = [session.subtract(after, before) for content in indexes.values() for before, after in segments(content["files"])]
    return session.union(base, *parts)


def history(repository: Repository, catalog: Catalog) -> tuple[str, str]:
    """The newest GTID set that the repository knows, and where from. A server that lacks some of it is another one, or older."""
    last = catalog.marks[-1] if catalog.marks else None
    since = last.at if last else datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
    found = [(one.at, str(manifest(repository, one)["gtid_executed"]), f"the full backup {one.id}") for one in catalog.fulls[-1:] if one.at > since]
    newest = catalog.records[-1] if catalog.records else None
    if newest and newest.at > since:
        found.append((newest.at, str(index(repository, newest)["gtid_executed"]), f"binary logs shipped at {newest.at:%H:%M:%S} UTC"))
    if found:
        _at, executed, where = max(found)
        return executed, where
    return (str(mark(repository, last)["gtid_executed"]), "the last restore") if last else ("", "")
