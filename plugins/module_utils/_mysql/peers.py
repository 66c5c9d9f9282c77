# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the other members, and comparing with them. PRIVATE to the collection."""

from __future__ import annotations

from .gtid import Comparison
from .member import Member, read_remote
from .plan import BARE, OFFLINE, OK, UNREACHABLE, Peer
from .server import NO_ACCOUNTS, Address, Server, number_of, pymysql, remote, text_of
from .server import OFFLINE as OFFLINE_NUMBER


def ask(here: Server, address: Address, timeout: float = 10) -> Peer:
    """What the other server says about itself, and which of its transactions are unknown here."""
    try:
        there = remote(address, timeout)
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
    return Peer(str(address), OK, member=member, ahead=here.subtract(everything(member), None))


def everything(member: Member) -> str:
    """What a member executed, and what it received and has still to apply."""
    received = member.channel.received if member.channel else ""
    return ",".join(part for part in (member.executed, received) if part)


def compare(here: Server, me: Member, source: Peer) -> Comparison:
    """The four differences. me was read before the source, so what the source did since then counts as missing, never as errant."""
    if source.member is None:
        return Comparison(executed=me.executed)
    missing = here.subtract(source.member.executed, everything(me))
    lacking = here.subtract(source.member.executed, me.executed)
    return Comparison(
        executed=me.executed,
        errant=here.subtract(me.executed, everything(source.member)),
        missing=lacking,
        # What this server received already need not be sent again.
        purged=here.subtract(missing, here.subtract(missing, source.member.purged)) if missing else "",
    )
