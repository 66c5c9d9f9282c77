# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the other members, and comparing with them. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from .gtid import Comparison
from .member import Member, read_remote
from .plan import BARE, OFFLINE, OK, UNREACHABLE, Peer
from .server import NO_ACCOUNTS, Address, Server, number_of, pymysql, remote, text_of
from .server import OFFLINE as OFFLINE_NUMBER


def ask(here: Server, address: Address) -> Peer:
    """What the other server says about itself, and which of its transactions are unknown here."""
    try:
        there = remote(address)
    except (pymysql.MySQLError, OSError) as error:
        number = number_of(error)
        state = BARE if number == NO_ACCOUNTS else OFFLINE if number == OFFLINE_NUMBER else UNREACHABLE
        return Peer(str(address), state, text_of(error))
    try:
        member = read_remote(there)
    except pymysql.MySQLError as error:
        return Peer(str(address), UNREACHABLE, text_of(error))
    finally:
        there.close()
    return Peer(str(address), OK, member=member, ahead=str(subtract(here, everything(member), None)))


def everything(member: Member) -> str:
    """What a member executed, and what it received and has still to apply."""
    received = member.channel.received if member.channel else ""
    return ",".join(part for part in (member.executed, received) if part)


def subtract(here: Server, left: str, right: t.Optional[str]) -> str:
    """left without right, computed by the server; None stands for what this server executed."""
    if right is None:
        found = here.value("SELECT GTID_SUBTRACT(%s, @@GLOBAL.gtid_executed)", (left,))
    else:
        found = here.value("SELECT GTID_SUBTRACT(%s, %s)", (left, right))
    return (found or "").replace("\n", "")


def compare(here: Server, me: Member, source: Peer) -> Comparison:
    """The four differences. me was read before the source, so what the source did since then counts as missing, never as errant."""
    if source.member is None:
        return Comparison(executed=me.executed)
    missing = subtract(here, source.member.executed, everything(me))
    lacking = subtract(here, source.member.executed, me.executed)
    return Comparison(
        executed=me.executed,
        errant=subtract(here, me.executed, everything(source.member)),
        missing=lacking,
        # What this server received already need not be sent again.
        purged=subtract(here, missing, subtract(here, missing, source.member.purged)) if missing else "",
    )
