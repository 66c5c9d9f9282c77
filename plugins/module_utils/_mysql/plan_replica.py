# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done to make a server a standby, decided without touching it. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from . import gtid, version
from .member import CHANNEL_KEYS, Channel, Member
from .plan import CLONE, DISABLED, DRAIN, OK, SAVE_ERRANT, Desired, Peer, Plan, Step, on_off, ready, replica_command
from .server import Statement

MOVES = ("host", "port", "auto_position")  # these make the server drop its relay logs
CLONE_PLUGIN = "clone"


def stopped(channel: t.Optional[Channel]) -> bool:
    """The applier ended at an error: the data here are not those of the source."""
    return bool(channel and channel.applier != "ON" and channel.applier_error)


def differing(channel: t.Optional[Channel], wanted: dict[str, t.Any]) -> list[str]:
    """The keys whose value is not the declared one."""
    if channel is None:
        return list(wanted)
    return [key for key, value in wanted.items() if channel.config.get(key) != value]


def change_source(desired: Desired, keys: t.Sequence[str]) -> Statement:
    """CHANGE REPLICATION SOURCE TO, only what differs."""
    assignments = ", ".join(f"{CHANNEL_KEYS[key]} = %s" for key in keys)
    secrets = tuple(index for index, key in enumerate(keys) if key == "password")
    args = tuple(desired.channel[key] for key in keys)
    if not desired.channel_name:
        return Statement(f"CHANGE REPLICATION SOURCE TO {assignments}", args, secrets)
    return Statement(f"CHANGE REPLICATION SOURCE TO {assignments} FOR CHANNEL %s", (*args, desired.channel_name), secrets)


def identity_refusal(me: Member, source: Member, address: str) -> str:
    """Why this source cannot be followed at all."""
    if source.server_uuid == me.server_uuid:
        return f"source_host {address} is this server itself, or a copy with the same server_uuid {me.server_uuid} (remove auto.cnf from the copy)."
    if source.channel and source.channel.source_uuid == me.server_uuid:
        return (
            f"{address} replicates from this server: the two would follow each other. "
            f"Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>; declare {address} as the standby, or promote it first."
        )
    problem = version.replication_refusal(source.version, me.version)
    return f"{problem}." if problem else ""


def class_refusal(found: gtid.Comparison, me: Member, address: str) -> str:
    """Why the standby's transactions forbid to go on, with the next step."""
    state = found.gtid_state
    if state == gtid.DIVERGED:
        return (
            f"this server holds transactions that {address} does not know: {found.errant} (class DIVERGED). Attaching it would hide them. "
            "Next: mysqlbinlog --include-gtids=<set> <binary log> shows what they are. To throw them away and copy the primary again: "
            "ansible-playbook onprem.wandb.mysql_rejoin -i <inventory> -e op_accept_data_loss=<site_name> (here: reseed=allow and accept_data_loss=true)."
        )
    if state == gtid.IRRECOVERABLE:
        return (
            f"{address} has purged transactions that this server lacks: {found.purged} (class IRRECOVERABLE). "
            "Next: ansible-playbook onprem.wandb.mysql -i <inventory> -e mysql_reseed=allow copies the primary again and wipes this server "
            "(here: reseed=allow)."
        )
    if state == gtid.NEW and not me.schemas:
        return f"this server is empty and {address} holds {found.missing}. Next: set mysql_reseed: if_empty, which copies it (here: reseed=if_empty)."
    return (
        f"this server has schemas ({', '.join(me.schemas)}) without a single transaction: their origin is unknown. "
        "Next: mysql -e 'DROP DATABASE <schema>' for each on this host; or replace them by a copy of the primary: "
        "ansible-playbook onprem.wandb.mysql_rejoin -i <inventory> -e op_accept_data_loss=<site_name> (here: reseed=allow and accept_data_loss=true)."
    )


def clone_refusal(me: Member, source: Member, address: str, desired: Desired, clients: t.Sequence[str]) -> str:
    """Why CLONE cannot run now."""
    if CLONE_PLUGIN not in me.plugins or CLONE_PLUGIN not in source.plugins:
        return f"CLONE needs the plugin mysql_clone.so on both servers (plugin-load-add in my.cnf); missing here or on {address}."
    lacking = sorted(source.plugins - me.plugins)
    if lacking:
        return f"CLONE needs every plugin of the donor: this server lacks {', '.join(lacking)} (plugin-load-add in my.cnf)."
    problem = version.clone_refusal(source.version, me.version)
    if problem:
        return f"{problem}."
    if not desired.clone_user:
        return "this server has to be copied from the primary by CLONE, and clone_user is not set."
    if me.writable and clients:
        return (
            f"this server is writable and has sessions of {', '.join(clients)}: it is not wiped. "
            "Next: mysql -e 'SHOW PROCESSLIST' on this host; stop these clients."
        )
    own = int(bool(me.channel and me.channel.receiver == "ON" and me.semi_status.get("rpl_semi_sync_replica_status") == "ON"))
    if source.source_enabled and source.attached <= own and not desired.source_will_not_wait:
        return (
            f"the commits of {address} wait for a standby, and there is none but this one: CLONE and they would wait for each other for ever. "
            "Next: ansible-playbook onprem.wandb.mysql -i <inventory> -e mysql_semi_sync=disabled (a window without the promise), then the same without -e."
        )
    return ""


def clone_steps(me: Member, source: Peer, desired: Desired, found: gtid.Comparison) -> list[Step]:
    """Wipe this server and copy the source."""
    steps: list[Step] = []
    if me.channel:
        steps += [replica_command("STOP", desired.channel_name), replica_command("RESET", desired.channel_name, "ALL")]
    if found.errant:
        steps.append(SAVE_ERRANT)
    if me.schemas:
        # A server with schemas cannot be cloned over while it is read-only (error 1290); an empty one can.
        steps.append(on_off("super_read_only", False, desired.deadline))
    host, port = desired.channel["host"], desired.channel["port"]
    steps.append(Statement("SET GLOBAL clone_valid_donor_list = %s", (f"{host}:{port}",)))
    secure = ""
    if desired.channel.get("ssl"):
        secure = " REQUIRE SSL"
        if desired.channel.get("ssl_ca"):
            steps.append(Statement("SET GLOBAL clone_ssl_ca = %s", (desired.channel["ssl_ca"],)))
    steps.append(CLONE)
    steps.append(Statement(f"CLONE INSTANCE FROM %s@%s:%s IDENTIFIED BY %s{secure}", (desired.clone_user, host, port, desired.clone_password), (3,)))
    return steps


def attach_steps(me: Member, desired: Desired) -> list[Step]:
    """Bring the channel and the semi-sync side into the declared state."""
    steps: list[Step] = []
    semi_sync = desired.semi_sync != DISABLED
    keys = differing(me.channel, desired.channel)
    toggle = me.replica_enabled is not None and me.replica_enabled != semi_sync
    receiver, applier = (me.channel.receiver, me.channel.applier) if me.channel else ("OFF", "OFF")
    if receiver != "OFF" and (keys or toggle):
        steps.append(replica_command("STOP", desired.channel_name, "IO_THREAD"))
        receiver = "OFF"
    if me.channel and any(key in MOVES for key in keys):
        # What was received and not applied yet goes with the relay logs, and the new source may not have it.
        steps.append(DRAIN)
        if applier != "OFF":
            steps.append(replica_command("STOP", desired.channel_name))
            applier = "OFF"
    if keys:
        steps.append(change_source(desired, keys))
    if me.source_enabled:
        steps.append(on_off("rpl_semi_sync_source_enabled", False))
    if toggle:
        steps.append(on_off("rpl_semi_sync_replica_enabled", semi_sync))
    if receiver == "OFF" or applier == "OFF":
        steps.append(replica_command("START", desired.channel_name))
    return steps


def plan_replica(me: Member, source: Peer, found: gtid.Comparison, desired: Desired) -> Plan:
    """From what was seen to the standby."""
    configured = me.channel is not None and not differing(me.channel, desired.channel)
    problem = ready(me, desired.semi_sync != DISABLED)
    if problem:
        return Plan(refusal=problem)
    steps: list[Step] = []
    seed: t.Optional[list[Step]] = None
    if source.state == OK and source.member:
        problem = identity_refusal(me, source.member, source.address)
        if problem:
            return Plan(refusal=problem)
        has_data = not me.channel and not found.executed and bool(me.schemas)
        what = gtid.action(found.gtid_state, desired.reseed, desired.accept_data_loss, has_data)
        if found.gtid_state == gtid.NEW and configured:
            what = gtid.ATTACH  # attached while both were empty; the first transactions are on their way
        if what == gtid.ATTACH and stopped(me.channel) and desired.reseed == "allow" and desired.accept_data_loss:
            what = gtid.CLONE
        if what == gtid.REFUSE:
            return Plan(refusal=class_refusal(found, me, source.address))
        if what == gtid.CLONE:
            clients = [one for one in me.clients if one.split("@")[0] not in desired.own_users]
            problem = clone_refusal(me, source.member, source.address, desired, clients)
            if problem:
                return Plan(refusal=problem)
            seed = clone_steps(me, source, desired, found)
    elif not configured:
        return Plan(
            refusal=(
                f"the source {source.address} cannot be asked ({source.detail}). "
                f"Next: on {source.address}: systemctl status mysqld; the account must be right, too."
            )
        )
    if me.source_enabled and me.waiting:
        return Plan(
            refusal=f"{me.waiting} sessions of this server wait for an acknowledgement of a standby; switching semi-sync off would answer OK to commits "
            "that no standby holds. "
            "Next: systemctl kill -s KILL mysqld on this host (it comes back read-only); then ansible-playbook onprem.wandb.mysql_rejoin -i <inventory>"
        )
    if seed is not None:
        return Plan((*seed, *attach_steps(Member(me.version, me.server_uuid, source_enabled=False, replica_enabled=False), desired)))
    if not (me.super_read_only and me.read_only):
        steps.append(on_off("super_read_only", True, desired.deadline))
    steps += attach_steps(me, desired)
    if me.offline:
        steps.append(on_off("offline_mode", False))
    return Plan(tuple(steps))


def standby_problems(me: Member, source: Peer, found: t.Optional[gtid.Comparison], desired: Desired) -> list[str]:
    """What is still wrong after everything was done; the verification of a standby."""
    channel = me.channel
    if channel is None:
        return ["no replication channel is configured"]
    problems = []
    if channel.receiver != "ON":
        problems.append(f"the receiver is {channel.receiver}: {channel.receiver_error or 'no error reported'}")
    if channel.applier != "ON":
        problems.append(f"the applier is {channel.applier}: {channel.applier_error or 'no error reported'}")
    elif channel.applier_error:
        problems.append(f"the applier reports: {channel.applier_error}")
    if not (me.super_read_only and me.read_only):
        problems.append("super_read_only is OFF: an application could write here")
    if desired.semi_sync != DISABLED and channel.receiver == "ON" and me.semi_status.get("rpl_semi_sync_replica_status") != "ON":
        problems.append("the receiver runs without semi-sync (Rpl_semi_sync_replica_status is not ON)")
    if source.member and channel.receiver == "ON" and channel.source_uuid != source.member.server_uuid:
        problems.append(f"the receiver is connected to server {channel.source_uuid}, and {source.address} is {source.member.server_uuid}")
    if found and found.errant:
        problems.append(f"this server holds transactions that the source does not know: {found.errant}")
    return problems
