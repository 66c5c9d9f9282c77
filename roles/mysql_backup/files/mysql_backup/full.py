# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A full backup: CLONE into a directory, a server on the copy says what is in it, restic stores it."""

from __future__ import annotations

import os
import pwd
import time
import typing as t
from contextlib import suppress

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, Server, pymysql, text_of
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.smallfile import write_json

from . import catalog as catalogs
from . import decide, guard, hold, manifest, status
from .base import GIB, empty, free_bytes, iso, lock, now, say, size
from .config import Config, Home, Workplace
from .restic import Repository
from .scratch import VARIABLES, Scratch, clean
from .server import Look, live, look

MARGIN = 1.1  # the copy grows while a server recovers on it
SPARE = GIB // 2  # bytes that stay free whatever happens


def data_bytes(directory: str) -> int:
    """What CLONE copies: everything but logs and temporary files."""
    total = 0
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if name not in ("#innodb_redo", "#innodb_temp") and not name.startswith(".")]
        for name in files:
            if not name.startswith(("binlog.", "relay.", "ibtmp", "#ib_")):
                with suppress(FileNotFoundError):  # the server goes on: an ALTER TABLE ends, a table is dropped
                    total += os.path.getsize(os.path.join(folder, name))
    return total


SPACE = "Next: df -h there; add space, or set mysql_backup_state_dir to another place."


def space_problem(needed: int, free: int, where: str, what: str, following: str = SPACE) -> str:
    """The sentence; empty when there is enough. Bytes. following: what a person does about it."""
    wanted = int(needed * MARGIN) + SPARE
    if free >= wanted:
        return ""
    return (
        f"{where} has {size(free)} free; expected at least {size(wanted)} for {what} ({size(needed)}, a tenth more and {size(SPARE)} to spare). Nothing was "
        f"changed. {following}"
    )


def workplace(place: Workplace) -> None:
    """Empty, and the server's user may write into it. What a killed run left goes."""
    owner = pwd.getpwnam(place.user)
    empty(place.work)
    for folder in (place.state_dir, place.work):
        os.chown(folder, owner.pw_uid if folder == place.work else 0, owner.pw_gid)
        os.chmod(folder, 0o750)


def other_engines(session: Server) -> list[str]:
    """Tables that CLONE copies without their rows."""
    rows = session.rows(
        "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' (', ENGINE, ')') AS name FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' "
        "AND ENGINE NOT IN ('InnoDB', 'MEMORY') AND TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')"
    )
    return [row["name"] for row in rows]


def clone(session: Server, host: str, target: str) -> None:
    """The copy, made by the server while it works."""
    others = other_engines(session)
    if others:
        raise Problem(
            f"{host}: CLONE copies InnoDB only, and these tables are something else: {', '.join(others[:5])}. A backup without their rows is none. "
            f"Next: on the primary: mysql -e 'ALTER TABLE <table> ENGINE=InnoDB'"
        )
    try:
        session.rows("CLONE LOCAL DATA DIRECTORY = %s", (target,))
    except pymysql.MySQLError as error:
        raise Problem(
            f"{host}: CLONE into {target} failed: {text_of(error)}. Free there: {size(free_bytes(target))}. Nothing is left of it. "
            f"Next: journalctl -u mysqld -n 50, then mysql-backup full. With 'No space left' add space there; with 'Read-only file system' the server "
            f"runs with an older unit: ansible-playbook onprem.wandb.mysql -i <inventory> -e '{{\"mysql_restart_allowed\": true}}'"
        ) from error


def take(home: Home, place: Workplace, repository: Repository, session: Server, me: Look, why: str) -> dict[str, t.Any]:
    """All steps; returns what status shows."""
    started = time.monotonic()
    folder = os.path.join(place.work, "full")
    target = os.path.join(folder, "data")
    owner = pwd.getpwnam(place.user)
    os.makedirs(folder)
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    known = {row["Variable_name"]: row["Value"] for row in session.rows("SHOW GLOBAL VARIABLES")}
    clone(session, home.host, target)
    at, cloned = now(), time.monotonic() - started
    variables = {name: known[name] for name in VARIABLES if name in known}
    with Scratch(place, target, me.basedir, variables) as server:
        with server.session() as inside:
            inside.rows("SET GLOBAL super_read_only = OFF")
            inside.rows("RESET REPLICA ALL")  # CLONE copies the channel with its password
        facts = manifest.server_facts(server)
        found = manifest.measure(server, place.threads, place.checksum_seconds)
    clean(target)
    identity = f"{at:%Y%m%dT%H%M%SZ}-{home.host}"
    content = {
        "format": 1,
        "id": identity,
        "host": home.host,
        "site": home.site,
        "server_uuid": me.server_uuid,
        "role": me.role,
        "taken_at": iso(at),
        **facts,
    }
    content.update(tables=found, bytes=data_bytes(target), unchecked=manifest.unchecked(found))
    write_json(os.path.join(folder, "manifest.json"), content)
    measured = time.monotonic() - started - cloned
    summary = repository.backup([folder], [catalogs.FULL, f"id={identity}"], at)
    seconds = time.monotonic() - started
    return {
        "id": identity,
        "snapshot": summary["snapshot_id"],
        "at": iso(at),
        "why": why,
        "gtid_executed": facts["gtid_executed"],
        "bytes": content["bytes"],
        "bytes_added": summary["data_added"],
        "tables": len(found),
        "rows": sum(int(one["rows"] or 0) for one in found.values()),
        "unchecked": content["unchecked"],
        "seconds": round(seconds, 1),
        "seconds_clone": round(cloned, 1),
        "seconds_manifest": round(measured, 1),
        "seconds_store": round(seconds - cloned - measured, 1),
    }


def run(config: Config) -> dict[str, t.Any]:
    """mysql-backup full"""
    home, place, limit = config.home, config.workplace, config.retention.max_size_gb
    with lock(home, "work"), live(config.data.socket, None) as session:
        why = hold.reason(home)
        if why:
            return {"acted": False, "why": why}
        me = look(session)
        doing, why = decide.copies(me)
        if not doing:
            return {"acted": False, "why": why}
        workplace(place)
        repository = Repository(config.store)
        repository.open()
        catalog = catalogs.read(repository.snapshots())
        guard.check(session, me, repository, home.site, catalog)
        stored = repository.bytes() if catalog.fulls else 0
        if limit and stored > limit * GIB:
            raise Problem(
                f"The repository {config.store.address} holds {size(stored)}, more than mysql_backup_max_size_gb={limit:g} allows. No "
                "full backup was taken and none was deleted; binary logs are still shipped. Next: set mysql_backup_max_size_gb: <more>, or "
                "mysql_backup_retention_days: <less>, then ansible-playbook onprem.wandb.backups -i <inventory>"
            )
        problem = space_problem(data_bytes(me.datadir), free_bytes(place.work), place.work, "a copy of the data")
        if problem:
            raise Problem(problem)
        try:
            say(f"{home.host} takes a full backup: {why}")
            found = take(home, place, repository, session, me, why)
        finally:
            empty(place.work)
        status.repository(home, catalogs.read(repository.snapshots()))
        return {"acted": True, **found}
