# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server says about itself. PRIVATE to the collection.

Read from tables and variables whose names are the same from 8.0.32 to 9.x; SHOW MASTER STATUS and the like are not used.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .server import Server
from .term import Term
from .term import read as read_term

SYSTEM_SCHEMAS = ("mysql", "information_schema", "performance_schema", "sys")
VARIABLES = (
    "version",
    "server_uuid",
    "server_id",
    "read_only",
    "super_read_only",
    "offline_mode",
    "gtid_mode",
    "gtid_executed",
    "gtid_purged",
    "rpl_semi_sync_source_enabled",
    "rpl_semi_sync_replica_enabled",
    "rpl_semi_sync_source_timeout",
)
# The keys of a channel that are declared, and how CHANGE REPLICATION SOURCE TO calls them.
CHANNEL_KEYS = {
    "host": "SOURCE_HOST",
    "port": "SOURCE_PORT",
    "user": "SOURCE_USER",
    "password": "SOURCE_PASSWORD",
    "auto_position": "SOURCE_AUTO_POSITION",
    "ssl": "SOURCE_SSL",
    "ssl_ca": "SOURCE_SSL_CA",
    "ssl_cert": "SOURCE_SSL_CERT",
    "ssl_key": "SOURCE_SSL_KEY",
    "ssl_verify": "SOURCE_SSL_VERIFY_SERVER_CERT",
    "get_public_key": "GET_SOURCE_PUBLIC_KEY",
    "connect_retry": "SOURCE_CONNECT_RETRY",
    "retry_count": "SOURCE_RETRY_COUNT",
}


@dataclass(frozen=True)
class Channel:
    """A configured replication channel and how it runs."""

    config: dict[str, t.Any]
    receiver: str = "OFF"  # ON, OFF, CONNECTING
    applier: str = "OFF"  # ON, OFF
    source_uuid: str = ""
    received: str = ""  # GTID set
    receiver_error: str = ""
    applier_error: str = ""
    heartbeat: str = ""
    contact_age: t.Optional[float] = None  # seconds since the source was heard last; None: not since this server started
    applying_since: t.Optional[float] = None  # age in seconds of the transaction that is being applied

    def address(self) -> str:
        """host:port of the source."""
        return f"{self.config.get('host')}:{self.config.get('port')}"


@dataclass(frozen=True)
class Member:
    """One server of the pair."""

    version: str
    server_uuid: str
    read_only: bool = True
    super_read_only: bool = True
    offline: bool = False
    gtid_mode: str = "ON"
    executed: str = ""
    purged: str = ""
    source_enabled: t.Optional[bool] = None  # None: the plugin is not loaded
    replica_enabled: t.Optional[bool] = None
    semi_sync_timeout: int = 0
    semi_status: dict[str, str] = field(default_factory=dict)
    channel: t.Optional[Channel] = None
    schemas: tuple[str, ...] = ()
    plugins: frozenset[str] = frozenset()
    clients: tuple[str, ...] = ()  # application sessions, as user@host
    term: Term = field(default_factory=Term)

    @property
    def writable(self) -> bool:
        """Takes writes of an application."""
        return not self.read_only and not self.super_read_only and not self.offline

    @property
    def fenced(self) -> bool:
        """Taken from the application on purpose: nobody without CONNECTION_ADMIN gets in, and nothing can be written."""
        return self.offline and self.super_read_only

    @property
    def role(self) -> str:
        """What the server is at the moment, in one word."""
        if self.channel:
            return "replica"
        return "primary" if self.writable else "none"

    def semi(self, name: str) -> int:
        """A counter of the semi-sync plugin."""
        return int(self.semi_status.get(f"rpl_semi_sync_{name}", "0") or 0)

    @property
    def waiting(self) -> int:
        """Sessions whose commit waits for an acknowledgement."""
        return self.semi("source_wait_sessions")

    @property
    def attached(self) -> int:
        """Standbys that acknowledge."""
        return self.semi("source_clients")


def _on(value: t.Optional[str]) -> t.Optional[bool]:
    return None if value is None else value.upper() in ("ON", "1", "YES")


def _from_variables(found: dict[str, str]) -> dict[str, t.Any]:
    return {
        "version": found["version"],
        "server_uuid": found["server_uuid"],
        "read_only": bool(_on(found["read_only"])),
        "super_read_only": bool(_on(found["super_read_only"])),
        "offline": bool(_on(found["offline_mode"])),
        "gtid_mode": found["gtid_mode"],
        "executed": found["gtid_executed"].replace("\n", ""),
        "purged": found["gtid_purged"].replace("\n", ""),
        "source_enabled": _on(found.get("rpl_semi_sync_source_enabled")),
        "replica_enabled": _on(found.get("rpl_semi_sync_replica_enabled")),
        "semi_sync_timeout": int(found.get("rpl_semi_sync_source_timeout", "0")),
    }


def read_channel(server: Server, name: str) -> t.Optional[Channel]:
    """The channel as performance_schema has it, with the stored password from mysql.slave_master_info (root reads it; it is never shown)."""
    rows = server.rows("SELECT * FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = %s", (name,))
    if not rows or not rows[0]["HOST"]:
        return None
    row = rows[0]
    password = server.value("SELECT User_password FROM mysql.slave_master_info WHERE Channel_name = %s", (name,))
    state = server.rows(
        "SELECT *, TIMESTAMPDIFF(MICROSECOND, NULLIF(GREATEST(LAST_HEARTBEAT_TIMESTAMP, LAST_QUEUED_TRANSACTION_END_QUEUE_TIMESTAMP), 0), NOW(6)) AS age"
        " FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME = %s",
        (name,),
    )[0]
    applier = server.value("SELECT SERVICE_STATE FROM performance_schema.replication_applier_status WHERE CHANNEL_NAME = %s", (name,))
    workers = server.rows(
        "SELECT LAST_ERROR_NUMBER, LAST_ERROR_MESSAGE, UNIX_TIMESTAMP(NOW(6)) - UNIX_TIMESTAMP(APPLYING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP) AS age,"
        " APPLYING_TRANSACTION AS applying FROM performance_schema.replication_applier_status_by_worker WHERE CHANNEL_NAME = %s",
        (name,),
    )
    coordinator = server.rows(
        "SELECT LAST_ERROR_NUMBER, LAST_ERROR_MESSAGE FROM performance_schema.replication_applier_status_by_coordinator WHERE CHANNEL_NAME = %s", (name,)
    )
    failed = [one for one in workers + coordinator if one["LAST_ERROR_NUMBER"]]
    ages = [float(one["age"]) for one in workers if one["applying"] and one["age"] is not None]
    return Channel(
        config={
            "host": row["HOST"],
            "port": row["PORT"],
            "user": row["USER"],
            "password": password or "",
            "auto_position": int(row["AUTO_POSITION"]),
            "ssl": int(row["SSL_ALLOWED"] == "YES"),
            "ssl_ca": row["SSL_CA_FILE"],
            "ssl_cert": row["SSL_CERTIFICATE"],
            "ssl_key": row["SSL_KEY"],
            "ssl_verify": int(row["SSL_VERIFY_SERVER_CERTIFICATE"] == "YES"),
            "get_public_key": int(row["GET_PUBLIC_KEY"] == "YES"),
            "connect_retry": row["CONNECTION_RETRY_INTERVAL"],
            "retry_count": row["CONNECTION_RETRY_COUNT"],
        },
        receiver=state["SERVICE_STATE"],
        applier=applier or "OFF",
        source_uuid=state["SOURCE_UUID"] or "",
        received=(state["RECEIVED_TRANSACTION_SET"] or "").replace("\n", ""),
        receiver_error=f"{state['LAST_ERROR_MESSAGE']} (error {state['LAST_ERROR_NUMBER']})" if state["LAST_ERROR_NUMBER"] else "",
        applier_error=f"{failed[0]['LAST_ERROR_MESSAGE']} (error {failed[0]['LAST_ERROR_NUMBER']})" if failed else "",
        heartbeat=str(state["LAST_HEARTBEAT_TIMESTAMP"]),
        contact_age=None if state["age"] is None else float(state["age"]) / 1e6,
        applying_since=max(ages) if ages else None,
    )


def read_local(server: Server, channel: str = "") -> Member:
    """Everything, as root over the socket."""
    marks = ", ".join(["%s"] * len(SYSTEM_SCHEMAS))
    schemas = server.rows(f"SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ({marks})", SYSTEM_SCHEMAS)
    plugins = server.rows("SELECT PLUGIN_NAME AS name FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = 'ACTIVE'")
    clients = server.rows(
        "SELECT USER AS user, HOST AS host FROM performance_schema.processlist WHERE USER NOT IN ('root', 'event_scheduler', 'system user')"
        " AND COMMAND NOT LIKE 'Binlog Dump%' AND COMMAND NOT IN ('Daemon', 'Clone')"
    )
    return Member(
        **_from_variables(server.variables(*VARIABLES)),
        semi_status=server.status("Rpl_semi_sync%"),
        channel=read_channel(server, channel),
        schemas=tuple(sorted(row["name"] for row in schemas)),
        plugins=frozenset(row["name"] for row in plugins),
        clients=tuple(sorted({f"{row['user']}@{row['host'].split(':')[0]}" for row in clients})),
        term=read_term(server),
    )


def read_remote(server: Server) -> Member:
    """What the replication account may see of another server: REPLICATION CLIENT is enough."""
    channel = None
    rows = server.rows("SHOW REPLICA STATUS")
    if rows:
        row = rows[0]
        channel = Channel(
            config={"host": row["Source_Host"], "port": row["Source_Port"]},
            receiver={"Yes": "ON", "Connecting": "CONNECTING"}.get(row["Replica_IO_Running"], "OFF"),
            applier="ON" if row["Replica_SQL_Running"] == "Yes" else "OFF",
            source_uuid=row["Source_UUID"] or "",
            received=(row["Retrieved_Gtid_Set"] or "").replace("\n", ""),
            receiver_error=row["Last_IO_Error"] or "",
            applier_error=row["Last_SQL_Error"] or "",
        )
    plugins = server.rows("SELECT PLUGIN_NAME AS name FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = 'ACTIVE'")
    return Member(
        **_from_variables(server.variables(*VARIABLES)),
        semi_status=server.status("Rpl_semi_sync%"),
        channel=channel,
        plugins=frozenset(row["name"] for row in plugins),
        term=read_term(server),
    )
