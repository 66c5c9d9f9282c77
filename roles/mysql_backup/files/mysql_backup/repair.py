# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository's beginning, and its new beginnings."""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.smallfile import read_json, write_json

from . import catalog as catalogs
from . import decide, full, guard, ship, status, verify
from .base import iso, now, say
from .config import Config, Store
from .restic import Failed, Repository
from .server import live, look


def init(state_dir: str, store: Store, again: bool) -> dict[str, t.Any]:
    """Make the repository once. One that is gone is not made again by itself: somebody has to know."""
    path = os.path.join(state_dir, "repository.json")
    known = read_json(path)
    if known.get("repository") == store.address and not again:
        return {"changed": False, "id": known["id"]}
    repository = Repository(store)
    changed = False
    try:
        identity = repository.open()
    except Failed as failure:
        if failure.kind != "missing":
            raise
        repository.run("init", timeout=300)
        identity, changed = repository.open(), True
        say(f"made the repository {store.address}")
    write_json(path, {"repository": store.address, "id": identity, "since": iso(now())})
    return {"changed": changed, "id": identity}


def setup(config: Config, again: bool) -> dict[str, t.Any]:
    """mysql-backup setup: the repository is there, holds a full backup that was proved, and the first binary logs. A second run asks nobody."""
    home = config.home
    made = init(home.state_dir, config.store, again)
    if not made["changed"] and status.read(home).get("repository", {}).get("verified_at"):
        return {**made, "why": "there is a proved full backup"}
    repository = Repository(config.store)
    repository.open()
    catalog = catalogs.read(repository.snapshots())
    status.repository(home, catalog)
    with live(config.data.socket) as session:
        me = look(session)
        if not me.channel:
            guard.check(session, me, repository, home.site, catalog)
    found = dict(made)
    steps = [("full", full.run, not catalog.fulls), ("verify", verify.run, not any(one.verified for one in catalog.fulls))]
    for name, action, wanted in steps:
        if wanted:
            result = action(config)
            status.step(home, name, result)
            if result.get("why") == decide.WAITS:
                # Nobody takes one. A primary with its standby leaves it to the standby's own setup.
                raise Problem(
                    f"{config.store.address} holds no full backup, and {home.host} took none: {decide.WAITS}, then "
                    "ansible-playbook onprem.wandb.backups -i <inventory>"
                )
            found.update({"changed": found["changed"] or result["acted"], name: result})
    if found.get("verify", {}).get("acted"):
        # The timer's first run is a minute away, and verify.yml wants to see one.
        status.step(home, "ship", ship.run(config, False))
    return found


def mark(store: Store, executed: str) -> None:
    """Tell the repository that history goes on from this GTID set; everything newer belongs to one that was given up."""
    repository = Repository(store)
    repository.open()
    records, clock = catalogs.read(repository.snapshots()).records, now()
    at = ship.after(records[-1].at if records else None, clock)  # behind what is given up, whatever its time
    content = {"at": iso(at), "host": store.host, "gtid_executed": executed}
    repository.backup([catalogs.MARK_FILE], [catalogs.MARK], at if at != clock else None, stdin=json.dumps(content))


def probe(store: Store) -> None:
    """Whether the repository takes something now. Asked before servers are stopped, because a restore writes a mark later."""
    repository = Repository(store)
    repository.open()
    repository.backup([catalogs.PROBE_FILE], ["probe"], stdin=json.dumps({"at": iso(now()), "host": store.host}))
    try:
        repository.forget([one for one in repository.snapshots("probe") if one.host == store.host and one.paths == (catalogs.PROBE_FILE,)], patience=0)
    except Failed as failure:
        if failure.kind != "locked":
            raise  # the next one removes it


def adopt(config: Config) -> dict[str, t.Any]:
    """An operator said that this server's data are the right ones."""
    with live(config.data.socket) as session:
        me = look(session)
    if me.role != "primary":
        return {"changed": False, "why": f"{config.home.host} is {me.role}, not primary"}
    mark(config.store, me.executed)
    return {"changed": True, "gtid_executed": me.executed}
