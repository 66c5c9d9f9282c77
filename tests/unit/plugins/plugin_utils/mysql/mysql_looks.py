# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What mysql_replica_info says about the members of a pair in the situations that the procedures know."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql.pair import Member, members

ADDRESS = {"db1": "10.0.0.21:3306", "db2": "10.0.0.22:3306"}
UUID = {"db1": "11111111-0000", "db2": "22222222-0000"}


def other(name: str) -> str:
    """The one that is not name."""
    return "db2" if name == "db1" else "db1"


def peer(name: str, **more: t.Any) -> list[dict[str, t.Any]]:
    """What a member learned from the other one."""
    return [{"address": ADDRESS[other(name)], "state": "ok", "detail": "", "writable": False, "ahead": "", **more}]


def look(name: str, role: str, recorded: str, **more: t.Any) -> dict[str, t.Any]:
    """A server that runs."""
    return {
        "running": True,
        "role": role,
        "version": "8.4.11",
        "server_uuid": UUID[name],
        "read_only": role != "primary",
        "super_read_only": role != "primary",
        "offline_mode": False,
        "gtid_executed": f"{UUID['db1']}:1-9",
        "recorded_role": {"role": recorded, "server_uuid": UUID[name]},
        "semisync": {},
        "channel": None,
        "degraded": None,
        "peers": peer(name),
        **more,
    }


def primary(name: str, **more: t.Any) -> dict[str, t.Any]:
    """Serves, and waits for its standby."""
    semi = {"source_enabled": True, "source_status": "ON", "attached": 1, "waiting_sessions": 0}
    return look(name, "primary", "primary", **{"semisync": semi, **more})


def channel(name: str, **more: t.Any) -> dict[str, t.Any]:
    """Leads to the other one."""
    host, port = ADDRESS[other(name)].split(":")
    found = {"host": host, "port": int(port), "source_uuid": UUID[other(name)], "receiver": "ON", "applier": "ON", "received": "", "contact_age_seconds": 1.0}
    return {**found, **more}


def standby(name: str, **more: t.Any) -> dict[str, t.Any]:
    """Follows and acknowledges."""
    sound = {"semisync": {"replica_enabled": True}, "channel": channel(name), "gtid_state": "IDENTICAL", "lag_seconds": 0.0, "errant": ""}
    return look(name, "replica", "replica", **{**sound, "peers": peer(name, writable=True), **more})


def nobody(name: str) -> list[dict[str, t.Any]]:
    """The other one did not answer."""
    return peer(name, state="unreachable", detail="No route to host (error 2003)", writable=None)


def cut_off(name: str, **more: t.Any) -> dict[str, t.Any]:
    """A standby whose primary died a moment ago."""
    lost = {"channel": channel(name, receiver="CONNECTING"), "peers": nobody(name)}
    return standby(name, **{**lost, **more})


def dead(name: str, recorded: str = "primary") -> dict[str, t.Any]:
    """The host answers, its server does not."""
    return {"running": False, "problem": "no socket (error 2003)", "recorded_role": {"role": recorded, "server_uuid": UUID[name]}, "degraded": None}


def pair(db1: t.Optional[dict[str, t.Any]], db2: t.Optional[dict[str, t.Any]]) -> list[Member]:
    """Both; None is a host that cannot be reached."""
    looks = {"db1": db1, "db2": db2}
    return members([{"name": name, "address": ADDRESS[name], "look": found or {"unreachable": True}} for name, found in looks.items()])
