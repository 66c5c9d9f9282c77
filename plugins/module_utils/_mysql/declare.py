# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From module parameters to what the decisions need. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from . import peers
from .member import Channel, Member
from .plan import Desired, Peer
from .server import Address, Server


def source_address(params: dict[str, t.Any]) -> Address:
    """The primary."""
    return Address(
        params["source_host"],
        params["source_port"],
        params["source_user"],
        params["source_password"],
        (params["ssl"] or {}).get("ca") or "",
        (params["ssl"] or {}).get("verify", True),
    )


def peer_addresses(params: dict[str, t.Any]) -> list[Address]:
    """The other members."""
    ssl = params["ssl"] or {}
    user = params["peer_user"] or params.get("source_user") or ""
    password = params["peer_password"] or params.get("source_password") or ""
    return [Address(one["host"], one["port"], user, password, ssl.get("ca") or "", ssl.get("verify", True)) for one in params["peers"]]


def asked(server: Server, address: Address) -> Peer:
    """Ask one of them."""
    return peers.ask(server, address)


def channel(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """The declared channel, key by key as the server reports it."""
    ssl = params["ssl"] or {}
    tls = ssl.get("enabled", True)
    ask_key = params["get_source_public_key"]
    return {
        "host": params["source_host"],
        "port": params["source_port"],
        "user": params["source_user"],
        "password": params["source_password"],
        "auto_position": 1,
        "ssl": int(tls),
        "ssl_ca": (ssl.get("ca") or "") if tls else "",
        "ssl_cert": (ssl.get("cert") or "") if tls else "",
        "ssl_key": (ssl.get("key") or "") if tls else "",
        "ssl_verify": int(bool(tls and ssl.get("ca") and ssl.get("verify", True))),
        "get_public_key": int(not tls if ask_key is None else ask_key),
        "connect_retry": params["source_connect_retry"],
        "retry_count": params["source_retry_count"],
    }


def desired(params: dict[str, t.Any], check_mode: bool = False) -> Desired:
    """The declared state."""
    own = (params["source_user"], params["peer_user"], params["clone_user"])
    return Desired(
        semi_sync=params["semi_sync"],
        semi_sync_timeout=params["semi_sync_timeout"],
        expect_superset=params["expect_gtid_superset_of"] or "",
        accept_unreachable_peers=params["accept_unreachable_peers"],
        deadline=params["deadline"],
        channel=channel(params) if params["state"] == "replica" else {},
        channel_name=params["channel"],
        reseed=params["reseed"],
        accept_data_loss=params["accept_data_loss"],
        clone_user=params["clone_user"] or "",
        clone_password=params["clone_password"] or "",
        own_users=tuple(one for one in own if one),
        source_will_not_wait=check_mode and params["source_will_not_wait"],
    )


def foreseen(me: Member, params: dict[str, t.Any]) -> Member:
    """What the server would be after the change; for the diff of a check run."""
    state = params["state"]
    if state == "fenced":
        return dataclasses.replace(me, read_only=True, super_read_only=True, offline=True)
    if state == "absent":
        return dataclasses.replace(me, read_only=True, super_read_only=True, channel=None, replica_enabled=False)
    standby = state == "replica"
    return dataclasses.replace(
        me,
        read_only=standby,
        super_read_only=standby,
        offline=False,
        channel=Channel(channel(params), "ON", "ON") if standby else None,
        replica_enabled=standby and params["semi_sync"] != "disabled",
        source_enabled=False if standby or params["semi_sync"] == "disabled" else me.source_enabled or params["semi_sync"] == "required",
    )
