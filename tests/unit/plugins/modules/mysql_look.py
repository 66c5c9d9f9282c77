# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mysql_replica_info as it looks at a pair that is whole: consumers get what the producer writes. Only the SQL is answered from paper."""

from __future__ import annotations

import json
import pathlib
import tempfile
import types
import typing as t
from unittest.mock import patch

from ansible_collections.onprem.wandb.plugins.module_utils._mysql import backup, drift
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.member import Channel, Member
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.plan import OK, Peer
from ansible_collections.onprem.wandb.plugins.modules import mysql_replica_info

NOW = backup.epoch("2026-11-26T02:30:00Z")
ADDRESS = {"db1": "192.0.2.21", "db2": "192.0.2.22"}
UUID = {"db1": "aaaaaaaa-0000-0000-0000-000000000001", "db2": "bbbbbbbb-0000-0000-0000-000000000002"}
HELD = f"{UUID['db1']}:1-42"
ON, OFF = {"rpl_semi_sync_source_status": "ON", "rpl_semi_sync_source_clients": "1"}, {"rpl_semi_sync_replica_status": "ON"}
FOLLOWS = {"host": ADDRESS["db1"], "port": 3306, "user": "replication", "password": "x", "auto_position": 1, "ssl": 1}
PAIR = {
    "db1": Member(
        "8.4.11", UUID["db1"], read_only=False, super_read_only=False, executed=HELD, source_enabled=True, replica_enabled=False, semi_status=ON
    ),
    "db2": Member(
        "8.4.11",
        UUID["db2"],
        executed=HELD,
        source_enabled=False,
        replica_enabled=True,
        semi_status=OFF,
        channel=Channel(dict(FOLLOWS), "ON", "ON", source_uuid=UUID["db1"], contact_age=1.0),
    ),
}  # fmt: skip
# As mysql-backup writes it; tests/unit/roles/mysql_backup/test_status_file.py holds that against the program.
STATUS: backup.StatusFile = {
    "limits": {"full": 93600, "verify": 180000, "ship": 600},
    "repository": {
        "looked_at": "2026-11-26T02:29:50Z",
        "fulls": [{"id": "20261126T0130Z-db2", "at": "2026-11-26T01:30:00Z", "host": "db2", "verified_at": "2026-11-26T02:00:00Z"}],
        "newest_binlog_at": "2026-11-26T02:29:48Z",
        "verified_at": "2026-11-26T02:00:00Z",
    },
}
SHIPS: dict[str, backup.StepEntry] = {
    "db1": {"acted": False, "why": "it is the primary, and 1 standby attached does it", "failure": ""},
    "db2": {"acted": True, "why": "it is the standby", "failure": "", "last_success": "2026-11-26T02:29:48Z"},
}


class Paper:
    """The answers of a server to the statements that are not about replication."""

    def variables(self, *names: str) -> dict[str, str]:
        return {name: str(drift.VALIDATED[name]) for name in names}

    def rows(self, _statement: str, _values: t.Any = ()) -> list[dict[str, t.Any]]:
        return []

    def value(self, statement: str, _values: t.Any = ()) -> str:
        return "/" if "datadir" in statement else ""

    def status(self, _pattern: str) -> dict[str, str]:
        return {"uptime": "86400"}


def looked(name: str) -> dict[str, t.Any]:
    """What the module returns on db1, the primary, or db2, its standby."""
    other = "db2" if name == "db1" else "db1"
    with tempfile.TemporaryDirectory() as directory:
        kept = pathlib.Path(directory)
        (kept / "status.json").write_text(json.dumps({**STATUS, "steps": {"ship": SHIPS[name]}}))
        params = {option: entry.get("default") for option, entry in mysql_replica_info.SPEC.items()}
        params.update({option: str(kept / option) for option in params if option.endswith("_file")})
        params.update(backup_status_file=str(kept / "status.json"), measure=name == "db1")
        params.update(peers=[{"host": ADDRESS[other], "port": 3306}], peer_user="replication", peer_password="x")
        told: dict[str, t.Any] = {}
        module = types.SimpleNamespace(params=params, check_mode=False, exit_json=told.update)
        there = Peer(f"{ADDRESS[other]}:3306", OK, member=PAIR[other])
        measured = {"token": "9f0c", "commit_seconds": 0.004, "seconds": {f"{ADDRESS[other]}:3306": 0.011}}
        with (
            patch.object(mysql_replica_info, "AnsibleModule", lambda **_arguments: module),
            patch.object(mysql_replica_info, "local", lambda _socket: Paper()),
            patch.object(mysql_replica_info, "read_local", lambda *_arguments: PAIR[name]),
            patch.object(mysql_replica_info.peers, "ask", lambda *_arguments: there),
            patch.object(mysql_replica_info.heartbeat, "measure", lambda *_arguments: measured),
            patch.object(backup.time, "time", lambda: NOW),
        ):
            mysql_replica_info.main()
        return told
