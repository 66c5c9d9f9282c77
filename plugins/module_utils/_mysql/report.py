# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What results say about a server. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from .gtid import Comparison
from .member import Member
from .server import MASK


def semisync(me: Member) -> dict[str, t.Any]:
    """The semi-sync side."""
    return {
        "source_enabled": me.source_enabled,
        "source_status": me.semi_status.get("rpl_semi_sync_source_status"),
        "timeout_milliseconds": me.semi_sync_timeout,
        "replica_enabled": me.replica_enabled,
        "replica_status": me.semi_status.get("rpl_semi_sync_replica_status"),
        "attached": me.attached,
        "waiting_sessions": me.waiting,
        "yes_tx": me.semi("source_yes_tx"),
        "no_tx": me.semi("source_no_tx"),
    }


def channel(me: Member) -> t.Optional[dict[str, t.Any]]:
    """The channel, without its password."""
    if me.channel is None:
        return None
    return {
        **{key: MASK if key == "password" else value for key, value in me.channel.config.items()},
        "receiver": me.channel.receiver,
        "applier": me.channel.applier,
        "source_uuid": me.channel.source_uuid,
        "received": me.channel.received,
        "receiver_error": me.channel.receiver_error,
        "applier_error": me.channel.applier_error,
        "last_heartbeat": me.channel.heartbeat,
        "contact_age_seconds": None if me.channel.contact_age is None else round(me.channel.contact_age, 3),
    }


def describe(me: Member) -> dict[str, t.Any]:
    """For a diff: what is declared, and nothing that counts on by itself."""
    shown = channel(me)
    if shown:
        for name in ("received", "last_heartbeat", "contact_age_seconds", "source_uuid"):
            shown.pop(name)
    return {
        "role": me.role,
        "read_only": me.read_only,
        "super_read_only": me.super_read_only,
        "offline_mode": me.offline,
        "semisync": {"source_enabled": me.source_enabled, "replica_enabled": me.replica_enabled, "timeout_milliseconds": me.semi_sync_timeout},
        "channel": shown,
    }


def standing(me: Member, found: Comparison) -> dict[str, t.Any]:
    """How a standby stands to its source."""
    lag: t.Optional[float] = None
    if me.channel:
        lag = 0.0 if not found.missing else round(me.channel.applying_since or 0.0, 3)
    return {"gtid_state": found.gtid_state, "missing": found.missing, "errant": found.errant, "lag_seconds": lag}
