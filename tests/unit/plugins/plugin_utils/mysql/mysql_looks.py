# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What mysql_replica_info says about the members of a pair in the situations that the procedures know."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql.pair import Member, members
from ansible_collections.onprem.wandb.tests.unit.recorded import recording

ADDRESS = {"db1": "10.0.0.21:3306", "db2": "10.0.0.22:3306"}
UUID = {"db1": "11111111-0000", "db2": "22222222-0000"}


def other(name: str) -> str:
    """The one that is not name."""
    return "db2" if name == "db1" else "db1"


def peer(name: str, **more: t.Any) -> list[dict[str, t.Any]]:
    """What a member learned from the other one."""
    seen = recording.read("mysql_primary")["peers"][0]
    return [recording.changed(seen, {"address": ADDRESS[other(name)], "writable": False, **more})]


def look(name: str, role: str, recorded: str, **more: t.Any) -> dict[str, t.Any]:
    """A server that runs, as one was recorded, under the names of these tests and without backups."""
    found = recording.read("mysql_standby" if role == "replica" else "mysql_primary")
    shut = role != "primary"
    here = {"role": role, "read_only": shut, "super_read_only": shut, "version": "8.4.11", "server_uuid": UUID[name], "gtid_executed": f"{UUID['db1']}:1-9"}
    here = {**here, "peers": peer(name), "recorded_role": {"role": recorded, "server_uuid": UUID[name]}}
    return dict(recording.changed({**found, "backup": {}}, {**here, **more}))


def primary(name: str, **more: t.Any) -> dict[str, t.Any]:
    """Serves, and waits for its standby."""
    return look(name, "primary", "primary", **more)


def channel(name: str, **more: t.Any) -> dict[str, t.Any]:
    """Leads to the other one."""
    host, port = ADDRESS[other(name)].split(":")
    seen = recording.read("mysql_standby")["channel"]
    leads = {"host": host, "port": int(port), "source_uuid": UUID[other(name)], "received": "", "contact_age_seconds": 1.0}
    return dict(recording.changed(seen, {**leads, **more}))


def standby(name: str, **more: t.Any) -> dict[str, t.Any]:
    """Follows and acknowledges."""
    return look(name, "replica", "replica", **{"channel": channel(name), "peers": peer(name, writable=True), **more})


def nobody(name: str) -> list[dict[str, t.Any]]:
    """The other one did not answer."""
    return peer(name, state="unreachable", detail="No route to host (error 2003)", writable=None)


def cut_off(name: str, **more: t.Any) -> dict[str, t.Any]:
    """A standby whose primary died a moment ago."""
    lost = {"channel": channel(name, receiver="CONNECTING"), "peers": nobody(name)}
    return standby(name, **{**lost, **more})


def dead(name: str, recorded: str = "primary") -> dict[str, t.Any]:
    """The host answers, its server does not."""
    told = {"problem": "no socket (error 2003)", "recorded_role": {"role": recorded, "server_uuid": UUID[name]}}
    return dict(recording.changed({**recording.read("mysql_stopped"), "backup": {}}, told))


def pair(db1: t.Optional[dict[str, t.Any]], db2: t.Optional[dict[str, t.Any]]) -> list[Member]:
    """Both; None is a host that cannot be reached."""
    looks = {"db1": db1, "db2": db2}
    return members([{"name": name, "address": ADDRESS[name], "look": found or {"unreachable": True}} for name, found in looks.items()])
