# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a copy holds: rows and a checksum of each table, so that a restore can be compared with it."""

from __future__ import annotations

import os
import queue
import threading
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import LOST, pymysql

from .scratch import VARIABLES, Scratch

SYSTEM = ("information_schema", "performance_schema", "sys", "mysql")
ACCOUNTS = ("mysql.user", "mysql.db", "mysql.tables_priv", "mysql.global_grants")
LATE = (*LOST, 3024, 1317)  # the session ended, or the statement was interrupted: the deadline

Table = dict[str, t.Any]


def tables(scratch: Scratch) -> list[tuple[str, str]]:
    """Every table with data of the site, the smallest first, so that a deadline leaves out as few as possible."""
    with scratch.session() as session:
        marks = ", ".join(["%s"] * len(SYSTEM))
        rows = session.rows(
            "SELECT t.TABLE_SCHEMA AS db, t.TABLE_NAME AS name FROM information_schema.TABLES t WHERE t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_SCHEMA "
            f"NOT IN ({marks})",
            SYSTEM,
        )
    found = [(row["db"], row["name"]) for row in rows] + [(one.partition(".")[0], one.partition(".")[2]) for one in ACCOUNTS]
    return sorted(found, key=lambda one: (file_size(scratch.directory, *one), one))


def file_size(directory: str, schema: str, name: str) -> int:
    """Bytes of a table's file; 0 when it shares one or its name is written in another way."""
    try:
        return os.path.getsize(os.path.join(directory, schema, name + ".ibd"))
    except OSError:
        return 0


def quoted(schema: str, name: str) -> str:
    """An identifier."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in (schema, name))


def measure(scratch: Scratch, sessions: int, seconds: float) -> dict[str, Table]:
    """Rows of every table, and checksums as far as the time reaches. Several sessions at once: one statement uses one core."""
    work: queue.Queue[tuple[str, str, str]] = queue.Queue()
    wanted = tables(scratch)
    for schema, name in wanted:
        work.put(("rows", schema, name))
    for schema, name in wanted:
        work.put(("checksum", schema, name))
    found: dict[str, Table] = {f"{schema}.{name}": {"rows": None, "checksum": None} for schema, name in wanted}
    failures: list[BaseException] = []
    end = time.monotonic() + seconds

    def worker() -> None:
        while not failures:
            try:
                what, schema, name = work.get_nowait()
            except queue.Empty:
                return
            left = end - time.monotonic()
            if what == "checksum" and left <= 1:
                continue
            try:
                with scratch.session(left if what == "checksum" else None) as session:
                    if what == "rows":
                        value = session.value(f"SELECT COUNT(*) FROM {quoted(schema, name)}")
                    else:
                        value = session.rows(f"CHECKSUM TABLE {quoted(schema, name)} EXTENDED")[0]["Checksum"]
                found[f"{schema}.{name}"][what] = value
            except (pymysql.MySQLError, OSError) as error:
                if what == "checksum" and error.args and error.args[0] in LATE and scratch.process and scratch.process.poll() is None:
                    continue  # too long: noted as not compared
                failures.append(error)

    threads = [threading.Thread(target=worker) for _number in range(sessions)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if failures:
        raise failures[0]
    return found


def server_facts(scratch: Scratch) -> dict[str, t.Any]:
    """Identity of the data: GTID set, version, and what a server must be told to open them."""
    with scratch.session() as session:
        known = session.rows("SHOW GLOBAL VARIABLES WHERE Variable_name IN (" + ", ".join(["%s"] * len(VARIABLES)) + ")", VARIABLES)
        return {
            "gtid_executed": session.executed(),
            "version": str(session.value("SELECT VERSION()")).split("-", maxsplit=1)[0],
            "variables": {row["Variable_name"]: row["Value"] for row in known},
        }


def differences(wanted: t.Mapping[str, Table], seen: t.Mapping[str, Table], same_version: bool) -> list[str]:
    """What is not as it was, one sentence each; at most what was measured both times."""
    found = [f"table {name} is missing" for name in sorted(set(wanted) - set(seen))]
    found += [f"table {name} was not there" for name in sorted(set(seen) - set(wanted))]
    for name in sorted(set(wanted) & set(seen)):
        for what in ("rows", "checksum") if same_version else ("rows",):
            before, after = wanted[name].get(what), seen[name].get(what)
            if before is not None and after is not None and before != after:
                found.append(f"table {name}: {what} {after}, expected {before}")
                break
    return found


def unchecked(found: t.Mapping[str, Table]) -> list[str]:
    """Tables whose checksum did not fit into the time."""
    return sorted(name for name, table in found.items() if table.get("checksum") is None)
