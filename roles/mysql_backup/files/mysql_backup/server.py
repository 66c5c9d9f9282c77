# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session of root on a socket, GTID arithmetic by the server, and what the live server says about itself."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

import pymysql
import pymysql.cursors

from .base import Problem

UNREACHABLE = (2002, 2003)


class Session:
    """One connection. GTID sets are never parsed here: the server subtracts them."""

    def __init__(self, socket: str, timeout: t.Optional[float] = 60) -> None:
        self.connection = pymysql.connect(unix_socket=socket, user="root", connect_timeout=10, read_timeout=timeout, autocommit=True, charset="utf8mb4")

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.connection.open:
            self.connection.close()

    def rows(self, sql: str, args: t.Sequence[t.Any] = ()) -> list[dict[str, t.Any]]:
        """Rows as dictionaries."""
        with self.connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(sql, tuple(args) or None)
            return list(cursor.fetchall() or ())

    def value(self, sql: str, args: t.Sequence[t.Any] = ()) -> t.Any:
        """First column of the first row."""
        rows = self.rows(sql, args)
        return next(iter(rows[0].values())) if rows else None

    def subtract(self, left: str, right: str) -> str:
        """What left holds and right does not."""
        return str(self.value("SELECT GTID_SUBTRACT(%s, %s)", (left, right))).replace("\n", "")

    def union(self, *sets: str) -> str:
        """All of them."""
        return self.subtract(",".join(one for one in sets if one), "")

    def executed(self) -> str:
        """Everything this server executed."""
        return str(self.value("SELECT @@GLOBAL.gtid_executed")).replace("\n", "")


@dataclass(frozen=True)
class Look:
    """What decides whether this host acts."""

    server_uuid: str
    version: str
    basedir: str
    datadir: str
    log_bin_basename: str
    writable: bool
    channel: bool
    applying: bool
    standbys: int
    executed: str
    receiving: bool = False  # its receiver is connected to its source
    acknowledged: bool = False  # commits wait for a standby, also for one that is not there

    @property
    def role(self) -> str:
        """primary, replica or none."""
        if self.channel:
            return "replica"
        return "primary" if self.writable else "none"


def live(socket: str, timeout: t.Optional[float] = 60) -> Session:
    """The server of this host; a sentence when it does not answer."""
    try:
        return Session(socket, timeout)
    except (pymysql.MySQLError, OSError) as error:
        raise Problem(f"The MySQL server on {socket} does not answer: {text_of(error)}. Next: systemctl status mysqld.") from error


def text_of(error: BaseException) -> str:
    """An error as one line."""
    return f"{error.args[1]} (error {error.args[0]})" if len(error.args) > 1 else str(error)


def acknowledged(session: Session) -> bool:
    """Whether commits wait for standbys (semi-sync); without the plugin they do not."""
    return [row["Value"] for row in session.rows("SHOW GLOBAL VARIABLES LIKE 'rpl_semi_sync_source_enabled'")] == ["ON"]


def look(session: Session) -> Look:
    """One round of questions."""
    names = ("server_uuid", "version", "basedir", "datadir", "log_bin_basename", "read_only", "super_read_only", "offline_mode")
    found = session.rows("SELECT " + ", ".join(f"@@GLOBAL.{name} AS {name}" for name in names))[0]
    channels = session.rows("SELECT SERVICE_STATE AS state FROM performance_schema.replication_applier_status")
    receivers = session.rows("SELECT SERVICE_STATE AS state FROM performance_schema.replication_connection_status")
    configured = session.value("SELECT COUNT(*) FROM performance_schema.replication_connection_configuration WHERE HOST <> ''")
    dumps = session.value("SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_COMMAND LIKE 'Binlog Dump%'")
    return Look(
        server_uuid=found["server_uuid"],
        version=found["version"].split("-")[0],
        basedir=os.path.normpath(found["basedir"]),
        datadir=os.path.normpath(found["datadir"]),
        log_bin_basename=found["log_bin_basename"] or "",
        writable=not (found["read_only"] or found["super_read_only"] or found["offline_mode"]),
        channel=bool(configured),
        applying=any(row["state"] == "ON" for row in channels),
        receiving=any(row["state"] == "ON" for row in receivers),
        standbys=int(dumps or 0),
        executed=session.executed(),
        acknowledged=acknowledged(session),
    )
