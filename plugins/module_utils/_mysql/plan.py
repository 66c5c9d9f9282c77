# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done to make a server the primary, decided without touching it. PRIVATE to the collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .member import Member
from .server import Statement

DRAIN = "wait until everything received is applied"
EXPECT = "wait until the expected transactions are applied"
CLONE = "clone"
SAVE_ERRANT = "save the errant transactions"

OK = "ok"
BARE = "bare"  # it answers, and no account may connect from here: it was never a member
OFFLINE = "offline"  # it answers in offline_mode: being stopped or fenced
UNREACHABLE = "unreachable"  # no answer, or none that helps (a wrong password too)

REQUIRED = "required"
DISABLED = "disabled"

Step = t.Union[Statement, str]


@dataclass(frozen=True)
class Peer:
    """Another member, as far as it could be asked."""

    address: str
    state: str
    detail: str = ""
    member: t.Optional[Member] = None
    ahead: str = ""  # transactions it holds and this server lacks


@dataclass(frozen=True)
class Desired:
    """The declared state, without the connections."""

    semi_sync: str = REQUIRED
    semi_sync_timeout: t.Optional[int] = None
    expect_superset: str = ""  # GTID set that a server must hold before it is opened
    accept_unreachable_peers: bool = False
    deadline: int = 30
    channel: dict[str, t.Any] = field(default_factory=dict)
    channel_name: str = ""
    reseed: str = "never"
    accept_data_loss: bool = False
    clone_user: str = ""
    clone_password: str = ""
    own_users: tuple[str, ...] = ()  # accounts of the collection: their sessions are no clients
    source_will_not_wait: bool = False  # asked in check mode, before the source is told not to wait for a standby


@dataclass(frozen=True)
class Plan:
    """Steps in order, or the reason why nothing may be done."""

    steps: tuple[Step, ...] = ()
    refusal: str = ""


def on_off(name: str, on: bool, deadline: int = 0) -> Statement:
    """SET GLOBAL. Never PERSIST: what is persisted beats my.cnf at the next start."""
    return Statement(f"SET GLOBAL {name} = {'ON' if on else 'OFF'}", deadline=deadline)


def replica_command(verb: str, channel: str, what: str = "") -> Statement:
    """START, STOP or RESET REPLICA of one channel."""
    sql = f"{verb} REPLICA{' ' + what if what else ''}"
    return Statement(f"{sql} FOR CHANNEL %s", (channel,)) if channel else Statement(sql)


def ready(me: Member, semi_sync: bool) -> str:
    """Why this server cannot be a member; empty when it can."""
    if me.gtid_mode != "ON":
        return f"gtid_mode is {me.gtid_mode}, expected ON: set it in my.cnf and restart the server."
    if semi_sync and (me.source_enabled is None or me.replica_enabled is None):
        return "the semi-sync plugins are not loaded: my.cnf needs plugin-load-add for semisync_source.so and semisync_replica.so."
    return ""


def source_side(me: Member, desired: Desired, had_standby: bool, degraded: bool = False) -> t.Optional[bool]:
    """Whether commits wait for a standby; None leaves it as it is.

    A primary that never had a standby may not wait yet: without an acknowledgement not even the accounts of the standby could be created.
    A degraded one was told by a person not to wait; only REQUIRED ends that.
    """
    if desired.semi_sync == DISABLED:
        return False
    if desired.semi_sync == REQUIRED:
        return True
    if degraded:
        return None
    return True if had_standby or me.attached > 0 else None


def semi_sync_steps(me: Member, desired: Desired, had_standby: bool, degraded: bool = False) -> list[Step]:
    """The semi-sync side of a primary."""
    steps: list[Step] = []
    if desired.semi_sync_timeout is not None and me.source_enabled is not None and me.semi_sync_timeout != desired.semi_sync_timeout:
        steps.append(Statement("SET GLOBAL rpl_semi_sync_source_timeout = %s", (desired.semi_sync_timeout,)))
    wanted = source_side(me, desired, had_standby, degraded)
    if wanted is not None and me.source_enabled is not None and me.source_enabled != wanted:
        steps.append(on_off("rpl_semi_sync_source_enabled", wanted))
    return steps


def peer_refusal(me: Member, peers: t.Sequence[Peer], desired: Desired) -> str:
    """Why this server must not become writable now; empty when it may."""
    for peer in peers:
        if peer.member and peer.member.writable:
            return (
                f"{peer.address} is writable. Two writable servers lose data. "
                "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory> shows both; mysql_switchover moves the role."
            )
        if peer.ahead and not (peer.member and me.term.later_than(peer.member.term, me.server_uuid)):
            return (
                f"{peer.address} holds transactions that this server lacks: {peer.ahead}. Opening this server would lose them. "
                "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory> shows both; that one has to become the primary."
            )
        if peer.member and peer.member.source_enabled and not peer.member.channel and not peer.member.fenced:
            return (
                f"{peer.address} is set up as a primary (semi-sync source is ON there). "
                "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory> shows the change of roles that is under way; wait for it, or "
                "start that playbook again."
            )
        if peer.state in (UNREACHABLE, OFFLINE) and not desired.accept_unreachable_peers:
            return (
                f"{peer.address} cannot be asked whether it took over ({peer.detail}). This server stays read-only. "
                "Next: systemctl start mysqld on that host. If it is certain that it never became the primary, run again with "
                "accept_unreachable_peers (-e '{\"mysql_boot_without_peer\": true}')."
            )
    return ""


def plan_primary(me: Member, peers: t.Sequence[Peer], desired: Desired, had_standby: bool, degraded: bool = False) -> Plan:
    """From what was seen to the primary."""
    problem = ready(me, desired.semi_sync != DISABLED)
    if problem:
        return Plan(refusal=problem)
    if me.writable and not me.channel:
        others = [peer.address for peer in peers if peer.member and peer.member.writable]
        if others:
            return Plan(
                refusal=(
                    f"this server and {', '.join(others)} are both writable: split brain. "
                    "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>; stop the application, and fence one of them before anything "
                    "else (docs/operations.md)."
                )
            )
        steps = semi_sync_steps(me, desired, had_standby, degraded)
        if me.replica_enabled:
            steps.append(on_off("rpl_semi_sync_replica_enabled", False))
        return Plan(tuple(steps))
    refusal = peer_refusal(me, peers, desired)
    if refusal:
        return Plan(refusal=refusal)
    steps = [EXPECT] if desired.expect_superset else []
    if me.channel:
        if me.channel.receiver != "OFF":
            steps.append(replica_command("STOP", desired.channel_name, "IO_THREAD"))
        steps.append(DRAIN)
    # Semi-sync first, and before the channel goes: a peer that boots now sees a primary, and no commit is acknowledged without a standby.
    alone = bool(me.channel) and desired.semi_sync == DISABLED and me.source_enabled is not None
    if alone and not me.source_enabled:
        steps.append(on_off("rpl_semi_sync_source_enabled", True))
    elif not alone:
        steps += semi_sync_steps(me, desired, had_standby or bool(me.channel), degraded)
    if me.channel:
        steps += [replica_command("STOP", desired.channel_name), replica_command("RESET", desired.channel_name, "ALL")]
    if me.replica_enabled:
        steps.append(on_off("rpl_semi_sync_replica_enabled", False))
    if me.super_read_only:
        steps.append(on_off("super_read_only", False, desired.deadline))
    if me.read_only:
        steps.append(on_off("read_only", False, desired.deadline))
    if alone:
        steps.append(on_off("rpl_semi_sync_source_enabled", False))
    if me.offline:
        steps.append(on_off("offline_mode", False))
    return Plan(tuple(steps))
