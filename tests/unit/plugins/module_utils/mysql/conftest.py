# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that exist on paper only. What real servers do is tested on the lab's hosts."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.member import Channel, Member
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.plan import OK, Peer, Desired

ME = "aaaaaaaa-0000-0000-0000-000000000001"
OTHER = "bbbbbbbb-0000-0000-0000-000000000002"
PLUGINS = frozenset({"clone", "rpl_semi_sync_source", "rpl_semi_sync_replica", "auth_socket"})
CONFIG = {"host": "10.0.0.21", "port": 3306, "user": "repl", "password": "s3cret", "auto_position": 1, "ssl": 1, "ssl_ca": "/ca.crt"}


def make_member(**changes: t.Any) -> Member:
    """A server just started: read-only, nothing configured."""
    values: dict[str, t.Any] = {"version": "8.4.11", "server_uuid": ME, "source_enabled": False, "replica_enabled": False, "plugins": PLUGINS}
    return Member(**{**values, **changes})


def make_primary(**changes: t.Any) -> Member:
    """A writable server."""
    return make_member(**{"read_only": False, "super_read_only": False, "source_enabled": True, **changes})


def make_standby(**changes: t.Any) -> Member:
    """A server that follows 10.0.0.21."""
    channel = changes.pop("channel", Channel(dict(CONFIG), "ON", "ON", source_uuid=OTHER))
    values = {"channel": channel, "replica_enabled": True, "semi_status": {"rpl_semi_sync_replica_status": "ON"}}
    return make_member(**{**values, **changes})


def make_peer(member: t.Optional[Member] = None, state: str = OK, **changes: t.Any) -> Peer:
    """Another server, as it answered."""
    return Peer("10.0.0.21:3306", state, member=member, **changes)


def make_desired(**changes: t.Any) -> Desired:
    """A declared standby of 10.0.0.21."""
    return Desired(**{"channel": dict(CONFIG), "clone_user": "cloner", "clone_password": "cl0ne", "reseed": "if_empty", **changes})


class Make:
    """The five makers under one name."""

    member = staticmethod(make_member)
    primary = staticmethod(make_primary)
    standby = staticmethod(make_standby)
    peer = staticmethod(make_peer)
    desired = staticmethod(make_desired)
    me = ME
    other = OTHER
    config = CONFIG


@pytest.fixture(scope="session")
def make() -> type[Make]:
    """The makers."""
    return Make
