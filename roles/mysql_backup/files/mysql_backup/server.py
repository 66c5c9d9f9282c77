# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of root on a socket, and what the live server says about itself."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, Server, local, pymysql, text_of

LONG = 60.0  # seconds for an answer; a greeting may take as long on a host that is busy with a copy


def connect(socket: str, timeout: t.Optional[float] = LONG) -> Server:
    """root on a socket. timeout: seconds for an answer, None for a statement that takes as long as it takes."""
    return local(socket, timeout=timeout, greeting=timeout or LONG)


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


def live(socket: str, timeout: t.Optional[float] = LONG) -> Server:
    """The server of this host; a sentence when it does not answer."""
    try:
        return connect(socket, timeout)
    except (pymysql.MySQLError, OSError) as error:
        raise Problem(f"The MySQL server on {socket} does not answer: {text_of(error)}. Next: systemctl status mysqld.") from error


def acknowledged(session: Server) -> bool:
    """Whether commits wait for standbys (semi-sync); without the plugin they do not."""
    return [row["Value"] for row in session.rows("SHOW GLOBAL VARIABLES LIKE 'rpl_semi_sync_source_enabled'")] == ["ON"]


def look(session: Server) -> Look:
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
