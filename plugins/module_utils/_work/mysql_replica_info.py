# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one MySQL server is and how it replicates."""

from __future__ import annotations

import shutil
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import backup, drift, heartbeat, journal, peers, report, rolefile, sessions, settings
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.gtid import Comparison
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.member import Member, read_local
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.plan import Peer
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Address, Problem, Server, local, number_of, pymysql, text_of

DISK_FULL = (1114, 1021, 1030, 3)
PLUGINS = ("auth_socket", "clone", "rpl_semi_sync_source", "rpl_semi_sync_replica")
SPEC: dict[str, t.Any] = {
    "login_unix_socket": {"type": "path", "default": "/run/mysqld/mysqld.sock"},
    "channel": {"type": "str", "default": ""},
    "peers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"host": {"type": "str", "required": True}, "port": {"type": "int", "default": 3306}},
    },
    "peer_user": {"type": "str"},
    "peer_password": {"type": "str", "no_log": True},
    "ssl": {"type": "dict", "default": {}, "options": {"ca": {"type": "path"}, "verify": {"type": "bool", "default": True}}},
    "measure": {"type": "bool", "default": False},
    "deadline": {"type": "int", "default": 30},
    "variables": {"type": "dict"},
    "guard_status_file": {"type": "path", "default": "/run/onprem-wandb/mysql-guard.json"},
    "guard_file": {"type": "path", "default": "/etc/onprem-wandb/mysql/guard.json"},
    "role_file": {"type": "path", "default": "/var/lib/onprem-wandb/mysql-role.json"},
    "marker_file": {"type": "path", "default": "/var/lib/onprem-wandb/mysql-degraded.json"},
    "backup_status_file": {"type": "path", "default": "/var/lib/onprem-wandb/mysql-backup/status.json"},
    "backup_accept_none": {"type": "bool", "default": False},
    "my_cnf": {"type": "path", "default": settings.MY_CNF},
    "journal_file": {"type": "path", "default": "/var/lib/onprem-wandb/mysql-journal.jsonl"},
    "journal_lines": {"type": "int", "default": 0},
    "operation": {"type": "str"},
}


def addresses(params: dict[str, t.Any]) -> list[Address]:
    """The peers."""
    ssl = params["ssl"] or {}
    return [
        Address(one["host"], one["port"], params["peer_user"] or "", params["peer_password"] or "", ssl.get("ca") or "", ssl.get("verify", True))
        for one in params["peers"]
    ]


def source_of(me: Member, asked: list[Peer]) -> t.Optional[Peer]:
    """The peer this standby follows, if it answered."""
    if me.channel is None:
        return None
    for peer in asked:
        if peer.member and peer.member.server_uuid == me.channel.source_uuid:
            return peer
    return None


def heartbeat_result(module: AnsibleModule, server: Server, me: Member, where: list[Address]) -> dict[str, t.Any]:
    """The measurement; what went wrong is a finding, not a failure."""
    if not module.params["measure"] or module.check_mode:
        return {"measured": None, "measure_problem": ""}
    if not me.writable:
        return {"measured": None, "measure_problem": "this server is read-only: only the primary can write the row"}
    try:
        return {"measured": heartbeat.measure(server, where, module.params["deadline"]), "measure_problem": ""}
    except Problem as problem:
        return {"measured": None, "measure_problem": str(problem)}


def collect(module: AnsibleModule, server: Server) -> dict[str, t.Any]:
    """Everything."""
    params = module.params
    me = read_local(server, params["channel"])
    where = addresses(params)
    asked = [peers.ask(server, one) for one in where]
    source = source_of(me, asked)
    standing = report.standing(me, peers.compare(server, me, source) if source else Comparison(executed=me.executed))
    if source is None:
        standing["gtid_state"] = ""
    wanted = drift.VALIDATED if params["variables"] is None else params["variables"]
    seen = server.variables(*drift.asked(wanted)) if wanted else {}
    persisted = server.rows("SELECT VARIABLE_NAME AS name FROM performance_schema.persisted_variables")
    return {
        "role": me.role,
        "version": me.version,
        "server_uuid": me.server_uuid,
        "read_only": me.read_only,
        "super_read_only": me.super_read_only,
        "offline_mode": me.offline,
        "gtid_executed": me.executed,
        "gtid_purged": me.purged,
        "term": {"number": me.term.number, "server_uuid": me.term.server_uuid},
        **standing,
        "source_waits": source.member.source_enabled if source and source.member else None,
        "semisync": report.semisync(me),
        "channel": report.channel(me),
        "peers": [
            {
                "address": one.address,
                "state": one.state,
                "detail": one.detail,
                "writable": one.member.writable if one.member else None,
                "ahead": one.ahead,
                "term": one.member.term.number if one.member else None,
            }
            for one in asked
        ],
        **heartbeat_result(module, server, me, where),
        "variables": seen,
        "differing_variables": drift.differences(wanted, seen),
        "persisted_variables": sorted(row["name"] for row in persisted),
        "plugins": sorted(name for name in PLUGINS if name in me.plugins),
        "blocking_sessions": [
            {**one.shown(), "text": str(one)}
            for one in sessions.blocking(server, sessions.FENCE if me.writable else sessions.OPEN, [params["peer_user"] or ""])
        ],
        "clients": [one for one in me.clients if one.split("@")[0] != params["peer_user"]],
        "disk": disk(server),
        "uptime_seconds": int(server.status("Uptime")["uptime"]),
        "guard": rolefile.read(params["guard_status_file"]),
    }


def disk(server: Server) -> dict[str, t.Any]:
    """The room of the data directory, and what the binary logs take of it."""
    path = str(server.value("SELECT @@datadir"))
    found = shutil.disk_usage(path)
    logs = sum(int(row["File_size"]) for row in server.rows("SHOW BINARY LOGS"))
    return {"path": path, "total": found.total, "free": found.free, "binary_logs": logs}


def records(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """What this host's files say, whether the server runs or not."""
    return {
        "recorded_role": rolefile.read(params["role_file"]),
        "boots_without_peer": rolefile.read(params["guard_file"]).get("boot_without_peer") is True,  # and nothing else of it: it holds a password
        "data_settings": settings.settings_of_data(params["my_cnf"]),
        "backup": backup.read(params["backup_status_file"], accepted_none=params["backup_accept_none"]),
        "journal": journal.read(params["journal_file"], params["operation"] or "", params["journal_lines"]),
    }


def degraded(params: dict[str, t.Any], kept: dict[str, t.Any], server_uuid: str = "", term: int = 0, waits: t.Optional[bool] = None) -> dict[str, t.Any]:
    """The window in which the pair's promise does not hold, with its age."""
    found = rolefile.degraded_now(kept["recorded_role"], rolefile.read(params["marker_file"]), server_uuid, term, waits)
    return {"degraded": {**found, "seconds": rolefile.age(found)} if found else None}


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    params = module.params
    kept = records(params)
    if pymysql is None:
        module.exit_json(changed=False, running=False, problem=missing_required_lib("PyMySQL"), **kept, **degraded(params, kept))
    try:
        server = local(params["login_unix_socket"])
    except (pymysql.MySQLError, OSError) as error:
        module.exit_json(changed=False, running=False, problem=text_of(error), **kept, **degraded(params, kept))
    try:
        result = collect(module, server)
    except (pymysql.MySQLError, OSError) as error:
        # A server with a full disk answers, and answers no question.
        hint = "; its disk is full: df of the data directory" if number_of(error) in DISK_FULL else ""
        problem = f"it answers with an error: {text_of(error)}{hint}"
        module.exit_json(changed=False, running=False, problem=problem, **kept, **degraded(params, kept))
    waits = result.pop("source_waits")
    module.exit_json(changed=False, running=True, **result, **kept, **degraded(params, kept, result["server_uuid"], result["term"]["number"], waits))
