# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A row written on the primary and read on each standby: what replication does, measured. PRIVATE to the collection."""

from __future__ import annotations

import time
import typing as t
import uuid

from .server import Address, Problem, Server, Statement, pymysql, remote, text_of
from .term import PRIVATE_SCHEMA

TABLE = f"{PRIVATE_SCHEMA}.heartbeat"
CREATE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (server_uuid CHAR(36) CHARACTER SET ascii NOT NULL PRIMARY KEY, token CHAR(32) CHARACTER SET ascii NOT NULL,"
    " written_at TIMESTAMP(6) NOT NULL) ENGINE=InnoDB"
)
WRITE = f"REPLACE INTO {TABLE} (server_uuid, token, written_at) VALUES (@@server_uuid, %s, NOW(6))"


def prepare(server: Server, seconds: int) -> None:
    """The table, once."""
    if not server.value("SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = 'heartbeat'", (PRIVATE_SCHEMA,)):
        server.change(Statement(f"CREATE DATABASE IF NOT EXISTS {PRIVATE_SCHEMA}", deadline=seconds))
        server.change(Statement(CREATE, deadline=seconds))


def seen(there: Server, server_uuid: str, token: str) -> bool:
    """Whether the other server has the row."""
    return there.value(f"SELECT token FROM {TABLE} WHERE server_uuid = %s", (server_uuid,)) == token


def wait_for(address: Address, server_uuid: str, token: str, begin: float, seconds: int) -> float:
    """The seconds until the row was read on the standby."""
    end = begin + seconds
    last = "the row is not there"
    there: t.Optional[Server] = None
    while time.monotonic() < end:
        try:
            there = there or remote(address)
            if seen(there, server_uuid, token):
                there.close()
                return time.monotonic() - begin
        except pymysql.MySQLError as error:
            last, there = text_of(error), None
        time.sleep(0.01)
    raise Problem(
        f"A row written on the primary did not arrive on {address} within {seconds} s ({last}). Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>"
    )


def measure(server: Server, addresses: t.Sequence[Address], seconds: int) -> dict[str, t.Any]:
    """Write on this server, read on the others."""
    token = uuid.uuid4().hex
    server_uuid = str(server.value("SELECT @@server_uuid"))
    known, observer = len(server.statements), server.observer
    server.observer = None
    try:
        prepare(server, seconds)
        begin = time.monotonic()
        server.change(Statement(WRITE, (token,), deadline=seconds))
        commit = time.monotonic() - begin
    finally:
        # A measurement is no change of the server.
        del server.statements[known:]
        server.observer = observer
    arrived = {str(address): round(wait_for(address, server_uuid, token, begin, seconds), 4) for address in addresses}
    return {"token": token, "commit_seconds": round(commit, 4), "seconds": arrived}
