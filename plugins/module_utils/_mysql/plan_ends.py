# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done to take a server out of service: fenced or absent, decided without touching it. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from .member import Member
from .plan import DRAIN, Desired, Peer, Plan, Step, on_off, replica_command


def plan_fenced(me: Member, desired: Desired) -> Plan:
    """No application writes here any more, and none is told OK for a commit that waits.

    offline_mode first: it ends the sessions that wait for an acknowledgement, behind which super_read_only would hang. Semi-sync is left alone:
    switching it off answers OK to exactly those commits.
    """
    steps: list[Step] = []
    if not me.offline:
        steps.append(on_off("offline_mode", True))
    if not (me.super_read_only and me.read_only):
        steps.append(on_off("super_read_only", True, desired.deadline))
    return Plan(tuple(steps))


def fence_problem(me: Member) -> str:
    """Why the fence does not hold; empty when it does."""
    if me.fenced and not me.waiting:
        return ""
    return f"offline_mode {me.offline}, super_read_only {me.super_read_only}, {me.waiting} sessions wait for an acknowledgement"


def plan_absent(me: Member, peers: t.Sequence[Peer], desired: Desired) -> Plan:
    """Follows nobody and stays read-only."""
    if me.writable and not me.channel:
        return Plan(
            refusal=(
                "this server is the primary; taking it out would stop the application. "
                "Next: ansible-playbook onprem.wandb.mysql_switchover -i <inventory>; or fence it first (state=fenced)."
            )
        )
    for peer in peers:
        waits = peer.member and peer.member.writable and peer.member.source_enabled and peer.member.attached <= 1
        if waits and me.channel and me.channel.receiver == "ON":
            return Plan(
                refusal=f"the commits of {peer.address} wait for a standby, and this one is the only one: without it the application stops. "
                "Next: ansible-playbook onprem.wandb.mysql_degrade -i <inventory> -e op_confirm=<site_name> -e op_reason=<words>; then run this again."
            )
    steps: list[Step] = []
    if me.channel:
        if me.channel.receiver != "OFF":
            steps.append(replica_command("STOP", desired.channel_name, "IO_THREAD"))
        steps += [DRAIN, replica_command("STOP", desired.channel_name), replica_command("RESET", desired.channel_name, "ALL")]
    if me.replica_enabled:
        steps.append(on_off("rpl_semi_sync_replica_enabled", False))
    if not (me.super_read_only and me.read_only):
        steps.append(on_off("super_read_only", True, desired.deadline))
    return Plan(tuple(steps))
