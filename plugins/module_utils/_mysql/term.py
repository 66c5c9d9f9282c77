# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who took over when: a row for each primary, numbered by terms, in a table that is replicated. PRIVATE to the collection.

Two servers that were both the primary and meet again read-only: the one with the higher term is the later one, whatever else each of them holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from .server import Server, Statement, number_of, pymysql

PRIVATE_SCHEMA = "onprem_wandb"
# The table is in every site's data under this name, and in its backups.
TABLE = f"{PRIVATE_SCHEMA}.reign"
CREATE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (term BIGINT UNSIGNED NOT NULL PRIMARY KEY, server_uuid CHAR(36) CHARACTER SET ascii NOT NULL,"
    " began TIMESTAMP(6) NOT NULL) ENGINE=InnoDB"
)
# No such table, no such schema, no right to read it: a server that is older than this table.
NOT_THERE = (1146, 1049, 1142, 1044)


@dataclass(frozen=True)
class Term:
    """The last row. number 0: there is none."""

    number: int = 0
    server_uuid: str = ""

    def later_than(self, other: Term, server_uuid: str) -> bool:
        """Whether the server that holds this row took over after everything the other one knows."""
        return self.number > other.number and self.server_uuid == server_uuid


def read(server: Server) -> Term:
    """The last row that a server holds."""
    try:
        rows = server.rows(f"SELECT term, server_uuid FROM {TABLE} ORDER BY term DESC LIMIT 1")
    except pymysql.MySQLError as error:
        if number_of(error) in NOT_THERE:
            return Term()
        raise
    return Term(int(rows[0]["term"]), str(rows[0]["server_uuid"])) if rows else Term()


def begin(server: Server, last: Term, server_uuid: str, seconds: int) -> None:
    """This server takes over. It is also one transaction that only this server holds, which an old primary that boots sees."""
    if not last.number:
        server.change(Statement(f"CREATE DATABASE IF NOT EXISTS {PRIVATE_SCHEMA}", deadline=seconds))
        server.change(Statement(CREATE, deadline=seconds))
    server.change(Statement(f"INSERT INTO {TABLE} (term, server_uuid, began) VALUES (%s, %s, NOW(6))", (last.number + 1, server_uuid), deadline=seconds))
