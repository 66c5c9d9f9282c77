# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mysql_replica_info as it looks at a pair that is whole, with the SQL answered from paper. A test holds it against what was recorded of real servers."""

from __future__ import annotations

import json
import pathlib
import tempfile
import types
import typing as t
from unittest.mock import patch

from ansible_collections.onprem.wandb.plugins.module_utils._work import mysql_replica_info
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import backup, drift
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.member import CHANNEL_KEYS, Channel, Member
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.plan import OK, Peer
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.term import Term
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.mysql.status_file import status_file
from ansible_collections.onprem.wandb.tests.unit.recorded import recording

NOW = backup.epoch("2026-11-26T04:30:00Z")
ADDRESS = {"db1": "192.0.2.21", "db2": "192.0.2.22"}
UUID = {"db1": "aaaaaaaa-0000-0000-0000-000000000001", "db2": "bbbbbbbb-0000-0000-0000-000000000002"}
HELD = f"{UUID['db1']}:1-42"
PLUGINS = frozenset(mysql_replica_info.PLUGINS)
CHANNEL = recording.read("mysql_standby")["channel"]
COMMON: dict[str, t.Any] = {"executed": HELD, "plugins": PLUGINS, "term": Term(1, UUID["db1"])}
PAIR = {
    "db1": Member(
        "8.4.11",
        UUID["db1"],
        read_only=False,
        super_read_only=False,
        source_enabled=True,
        replica_enabled=False,
        semi_status={"rpl_semi_sync_source_status": "ON", "rpl_semi_sync_replica_status": "OFF", "rpl_semi_sync_source_clients": "1"},
        **COMMON,
    ),
    "db2": Member(
        "8.4.11",
        UUID["db2"],
        source_enabled=False,
        replica_enabled=True,
        semi_status={"rpl_semi_sync_source_status": "OFF", "rpl_semi_sync_replica_status": "ON"},
        channel=Channel({key: CHANNEL[key] for key in CHANNEL_KEYS}, "ON", "ON", source_uuid=UUID["db1"], contact_age=1.0),
        **COMMON,
    ),
}
IDLE: backup.StepEntry = {"acted": False, "why": "it is the primary, and 1 standby attached does it", "last_run": "2026-11-26T04:29:50Z"}
MY_CNF = "[mysqld]\ndatadir = {}\nlower_case_table_names = 0\n"


class Paper:
    """The answers of a server to the statements that are not about replication."""

    def variables(self, *names: str) -> dict[str, str]:
        return {name: str(drift.VALIDATED[name]) for name in names}

    def rows(self, _statement: str, _values: t.Any = ()) -> list[dict[str, t.Any]]:
        return []

    def value(self, statement: str, _values: t.Any = ()) -> str:
        return "/" if "datadir" in statement else ""

    def subtract(self, left: str, _right: t.Optional[str]) -> str:
        return left.replace(HELD, "")  # both members hold the same

    def status(self, _pattern: str) -> dict[str, str]:
        return {"uptime": "86400"}


def looked(name: str) -> dict[str, t.Any]:
    """What the module returns on db1, the primary, or db2, its standby."""
    other = "db2" if name == "db1" else "db1"
    with tempfile.TemporaryDirectory() as directory:
        kept = pathlib.Path(directory)
        status = status_file("2026-11-26", "04:29:50")
        if name == "db1":
            status["steps"]["ship"] = IDLE
        (kept / "status.json").write_text(json.dumps(status))
        (kept / "my.cnf").write_text(MY_CNF.format(directory))
        (kept / "mysql.ibd").touch()
        (kept / "role_file").write_text(json.dumps(recording.read("mysql_primary" if name == "db1" else "mysql_standby")["recorded_role"]))
        params = {option: entry.get("default") for option, entry in mysql_replica_info.SPEC.items()}
        params.update({option: str(kept / option) for option in params if option.endswith("_file")})
        params.update(backup_status_file=str(kept / "status.json"), measure=name == "db1", my_cnf=str(kept / "my.cnf"))
        params.update(peers=[{"host": ADDRESS[other], "port": 3306}], peer_user="replication", peer_password="x")
        told: dict[str, t.Any] = {}
        module = types.SimpleNamespace(params=params, check_mode=False, exit_json=told.update)
        there = Peer(f"{ADDRESS[other]}:3306", OK, member=PAIR[other])
        measured = {"token": "9f0c", "commit_seconds": 0.004, "seconds": {f"{ADDRESS[other]}:3306": 0.011}}
        with (
            patch.object(mysql_replica_info, "local", lambda _socket: Paper()),
            patch.object(mysql_replica_info, "read_local", lambda *_arguments: PAIR[name]),
            patch.object(mysql_replica_info.peers, "ask", lambda *_arguments: there),
            patch.object(mysql_replica_info.heartbeat, "measure", lambda *_arguments: measured),
            patch.object(backup.time, "time", lambda: NOW),
        ):
            mysql_replica_info.run(t.cast("t.Any", module))
        return told
