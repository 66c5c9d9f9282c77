# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""To where a restore goes, and which full and which binary logs lead there."""

from __future__ import annotations

import datetime
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem

from . import catalog as catalogs
from .base import iso, now, parse, size
from .gtids import Sums
from .restic import Repository, Snapshot

GTID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(:[a-z_][a-z0-9_]*)?:[1-9][0-9]*$")
FORMS = "latest, a time in UTC such as '2026-11-23 14:02:59', or one GTID such as 1abe9d5b-e743-11f1-8336-02fc00000001:4711 (the state just before it)"


@dataclass(frozen=True)
class Target:
    """One of the three forms."""

    text: str
    time: t.Optional[datetime.datetime] = None
    gtid: str = ""

    @property
    def microseconds(self) -> int:
        """For comparing with commit times; 0 for none."""
        return int(self.time.timestamp() * 1_000_000) if self.time else 0


def target(text: str, at: datetime.datetime) -> Target:
    """From what a person wrote; at: the clock."""
    clean = text.strip()
    if clean == "latest":
        return Target(clean)
    if GTID.match(clean.lower()):
        return Target(clean.lower(), gtid=clean.lower())
    try:
        moment = parse(clean)
    except ValueError as error:
        raise Problem(f"restore_to is '{text}'; expected {FORMS}. Nothing was changed.") from error
    if moment > at:
        raise Problem(
            f"restore_to is {iso(moment)}, which is in the future: it is {iso(at)} (UTC, not local time). Nothing was changed. Next: "
            "ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name> -e op_restore_to=<time in UTC, or latest>"
        )
    return Target(clean, time=moment)


@dataclass(frozen=True)
class Step:
    """One binary log to replay. skip: transactions in it of a history that was given up."""

    chain: str
    name: str
    bytes: int
    snapshot: Snapshot
    gtids: str
    skip: str


@dataclass
class Plan:
    """What a restore does. reach: the GTID set of the history that is followed; gap: what no shipped file has."""

    target: Target
    full: catalogs.Full
    manifest: dict[str, t.Any]
    reach: str
    reach_at: datetime.datetime
    steps: list[Step] = field(default_factory=list)
    gap: str = ""

    def shown(self) -> dict[str, t.Any]:
        """For people and the playbook."""
        return {
            "to": self.target.text,
            "full": self.full.id,
            "full_at": iso(self.full.at),
            "full_verified": bool(self.full.verified),
            "version": self.manifest["version"],
            "bytes": self.manifest["bytes"],
            "tables": len(self.manifest["tables"]),
            "binlogs": [f"{one.name} of {one.chain} ({size(one.bytes)})" for one in self.steps],
            "binlog_bytes": sum(one.bytes for one in self.steps),
            "newest_transactions_at": iso(self.reach_at),
            "gap": self.gap,
        }


def reach(session: Sums, repository: Repository, catalog: catalogs.Catalog, wanted: Target) -> tuple[str, datetime.datetime]:
    """The GTID set of the history that holds the target, and its age. Marks divide histories: after a restore another one begins."""
    ends: list[t.Optional[datetime.datetime]] = [one.at for one in catalog.marks] + [None]
    if wanted.time:
        ends = [end for end in ends if end is None or end > wanted.time][:1]
    seen: list[tuple[str, datetime.datetime]] = []
    for end in reversed(ends):
        records = [one for one in catalog.records if end is None or one.at < end]
        fulls = [one for one in catalog.fulls if end is None or one.at < end]
        known = [(one.at, str(catalogs.index(repository, one)["gtid_executed"])) for one in records[-1:]]
        known += [(one.at, str(catalogs.manifest(repository, one)["gtid_executed"])) for one in fulls[-1:]]
        marks = [one for one in catalog.marks if end is None or one.at < end]
        known += [(one.at, str(catalogs.mark(repository, one)["gtid_executed"])) for one in marks[-1:] if not known or one.at > max(known)[0]]
        if not known:
            continue
        at, gtids = max(known)
        seen.append((gtids, at))
        if not wanted.gtid or not session.subtract(wanted.gtid, gtids):
            return gtids, at
    if wanted.gtid and seen:
        raise Problem(
            f"restore_to is the GTID {wanted.gtid}, which no backup holds. Newest: {seen[0][0]} (shipped {iso(seen[0][1])}). Nothing was changed. "
            "Next: ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name> -e op_restore_to=<time>; or compare "
            "the GTID with what the binary log says."
        )
    raise Problem(
        f"The repository {repository.store.address} holds no backup. Nothing was changed. Next: mysql-backup full, or set mysql_backup_repository to the one "
        "that has them."
    )


def choose(session: Sums, repository: Repository, catalog: catalogs.Catalog, wanted: Target, gtids: str) -> catalogs.Full:
    """The newest full from which the target can be reached."""
    for one in reversed(catalog.fulls):
        if wanted.time and one.at > wanted.time:
            continue
        held = str(catalogs.manifest(repository, one)["gtid_executed"])
        if session.subtract(held, gtids) or (wanted.gtid and not session.subtract(wanted.gtid, held)):
            continue
        return one
    oldest = f"The oldest full backup is of {iso(catalog.fulls[0].at)}" if catalog.fulls else "There is no full backup"
    raise Problem(
        f"restore_to is {wanted.text}, and no full backup is older than that. {oldest}. Nothing was changed. "
        "Next: ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name> -e op_restore_to=<a later time>"
    )


def order(session: Sums, plan: Plan, indexes: t.Mapping[str, catalogs.Meta], held: t.Mapping[str, t.Mapping[str, tuple[int, Snapshot]]]) -> None:
    """Fill steps and gap: each file only after everything that was executed before it."""

    def inside(gtids: str) -> str:
        return session.subtract(gtids, session.subtract(gtids, plan.reach))

    executed = str(plan.manifest["gtid_executed"])
    left = []
    for chain, content in indexes.items():
        for name, entry in sorted(content["files"].items()):
            own = session.subtract(entry["end"], entry["previous"])
            if session.subtract(inside(own), executed):
                left.append((chain, name, entry, inside(own), session.subtract(own, plan.reach)))
    while left:
        ready = next((one for one in left if not session.subtract(inside(one[2]["previous"]), executed)), None)
        if ready is None:
            break
        left.remove(ready)
        chain, name, entry, gtids, skip = ready
        if session.subtract(gtids, executed):
            count, snapshot = held[chain][name]
            plan.steps.append(Step(chain, name, count, snapshot, gtids, skip))
            executed = session.union(executed, gtids)
    plan.gap = session.subtract(plan.reach, executed)


def make(session: Sums, repository: Repository, catalog: catalogs.Catalog, text: str, more_comes: bool = False) -> Plan:
    """The whole plan, or a sentence why there is none. more_comes: what is newer is still shipped before the restore."""
    wanted = target(text, now())
    gtids, at = reach(session, repository, catalog, wanted)
    if wanted.time and wanted.time > at and not more_comes:
        raise Problem(
            f"restore_to is {iso(wanted.time)}; the newest transactions in {repository.store.address} are of {iso(at)}. Nothing was changed. Next: "
            "ansible-playbook onprem.wandb.mysql_restore -i <inventory> -e op_confirm=<site_name> -e op_restore_to=latest restores these; "
            "while a server still runs, "
            "mysql-backup ship --force on it brings the rest first."
        )
    full = choose(session, repository, catalog, wanted, gtids)
    plan = Plan(wanted, full, catalogs.manifest(repository, full), gtids, at)
    indexes = catalogs.latest_indexes(repository, catalog)
    order(session, plan, indexes, {chain: catalog.held(chain) for chain in indexes})
    if plan.gap and wanted.text == "latest":
        raise Problem(gap_sentence(repository.store.address, plan))
    return plan


def gap_sentence(address: str, plan: Plan) -> str:
    """The binary logs do not reach."""
    return (
        f"Binary logs are missing in {address}: with {plan.full.id} and what was shipped after it, {plan.gap} cannot be replayed. "
        f"Expected: every transaction up to {iso(plan.reach_at)}. Next: mysql-backup full takes a new full backup; for a restore give an earlier "
        "time (restore_to)."
    )
