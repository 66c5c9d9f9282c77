# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying a plan out and looking afterwards. PRIVATE to the collection."""

from __future__ import annotations

import functools
import os
import time
import typing as t

from . import clearing, heartbeat, peers, plan_ends, rolefile, term
from .gtid import Comparison
from .journal import Journal
from .member import Channel, Member, read_local
from .plan import CLONE, DISABLED, DRAIN, EXPECT, OK, SAVE_ERRANT, Desired, Peer, Plan, on_off, plan_primary, replica_command
from .plan_replica import plan_replica, standby_problems, stopped
from .receiver import hurried
from .server import LOST, Address, Problem, Server, Statement, number_of, pymysql, text_of

CLOSED = on_off("super_read_only", True).sql
NO_SUPERVISOR = 3707  # CLONE is done and the server could not restart itself
# Errors of the receiver that no waiting heals: wrong account, no TLS, purged transactions, same server_uuid.
FINAL = ("(error 1045)", "(error 2061)", "(error 1236)", "(error 13114)", "(error 13117)", "(error 1593)", "(error 1227)")


class Run:
    """One call of the module on one server."""

    def __init__(self, server: Server, desired: Desired, params: dict[str, t.Any], command: t.Callable[[list[str]], tuple[int, str, str]]) -> None:
        self.server = server
        self.desired = desired
        self.role_file: str = params["role_file"]
        self.degraded_reason: str = params["degraded_reason"] or ""
        self.journal = Journal("" if server.check_mode else params["journal_file"], params["operation"] or "", params["state"])
        server.observer = self.journal.add
        self.wait_catchup: int = params["wait_catchup"]
        self.clone_timeout: int = params["clone_timeout"]
        self.errant_directory: str = params["errant_directory"]
        self.mysqlbinlog: str = params["mysqlbinlog"]
        self.command = command
        self.blocking_sessions: str = params["blocking_sessions"]
        self.session_wait: int = params["session_wait"]
        self.notes: list[str] = []
        self.window: t.Optional[dict[str, t.Any]] = None  # the degraded window that this run ended
        self.degraded: t.Optional[dict[str, t.Any]] = None  # the one that goes on
        self.wait_for_clone()
        server.lock(desired.deadline)
        self.me = read_local(server, desired.channel_name)
        self.changed = False

    def wait_for_clone(self) -> None:
        """A CLONE that a killed run left behind goes on in the server; what it leads to is looked at when it has ended."""
        if self.cloning() and not self.server.check_mode:
            self.note("waits for the end of a CLONE that is under way")
            self.server.wait_until(self.cloning, self.clone_timeout, "the end of the CLONE", reconnect=True)

    def cloning(self) -> str:
        """The session that clones; empty when there is none. After a crash the record says In Progress for ever, so the session counts."""
        rows = self.server.rows(
            "SELECT p.ID AS id FROM performance_schema.clone_status s JOIN performance_schema.processlist p ON p.ID = s.PID"
            " WHERE s.STATE = 'In Progress' AND p.COMMAND = 'Query' AND p.ID <> CONNECTION_ID()"
        )
        return f"session {rows[0]['id']} clones" if rows else ""

    def refresh(self) -> Member:
        """Look again."""
        self.me = read_local(self.server, self.desired.channel_name)
        return self.me

    def kept(self) -> dict[str, t.Any]:
        """The record of this host, when it is of this data directory."""
        found = rolefile.read(self.role_file)
        return found if found.get("server_uuid") == self.me.server_uuid else {}

    def had_standby(self) -> bool:
        """Whether this primary once waited for a standby; then it does so for ever."""
        found = self.kept()
        return bool(found.get("semi_sync")) and found.get("role") in ("primary", "fenced", "promoting")

    def keep_role(self, role: str, semi_sync: bool, degraded: t.Optional[dict[str, t.Any]] = None) -> None:
        """Tell the role guard."""
        wanted = rolefile.record(role, semi_sync, self.me.server_uuid, degraded)
        if not self.role_file or not rolefile.differs(self.role_file, wanted):
            return
        self.changed = True
        self.note(f"role file: {role}{', degraded' if degraded else ''}")
        if not self.server.check_mode:
            rolefile.write(self.role_file, wanted)

    def note(self, text: str) -> None:
        """Something that was done and is no statement."""
        self.notes.append(text)
        self.journal.add("note", text)

    def clear_sessions(self) -> None:
        """Whoever holds a lock or an open transaction is seen to first: super_read_only would wait for it while nobody can write."""
        for said in clearing.clear(self.server, clearing.sessions.FENCE, self.desired.own_users, self.blocking_sessions, self.session_wait):
            self.note(said)

    def execute(self, plan: Plan, found: t.Optional[Comparison] = None) -> None:
        """The steps of a plan, in order."""
        if plan.refusal:
            raise Problem(f"{self.server.name}: {plan.refusal}")
        if any(isinstance(step, Statement) and step.sql == CLOSED for step in plan.steps):
            self.clear_sessions()
        self.changed = self.changed or bool(plan.steps)
        cloning = False
        for step in plan.steps:
            if step == CLONE:
                cloning = True
            elif step == DRAIN:
                self.drain()
            elif step == EXPECT:
                self.expect()
            elif step == SAVE_ERRANT:
                self.save_errant(found.errant if found else "")
            elif isinstance(step, Statement):
                if cloning:
                    self.clone(step)
                elif step == replica_command("STOP", self.desired.channel_name, "IO_THREAD"):
                    hurried(self.me.channel, self.command, functools.partial(self.server.change, step))
                else:
                    self.server.change(step)
                cloning = False

    def save_errant(self, errant: str) -> None:
        """What accept_data_loss throws away is kept as SQL for a person to read."""
        path = os.path.join(self.errant_directory, f"errant-{self.me.server_uuid}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.sql")
        self.note(f"errant transactions saved in {path}: {errant}")
        if self.server.check_mode:
            return
        os.makedirs(self.errant_directory, mode=0o700, exist_ok=True)
        folder = os.path.dirname(str(self.server.value("SELECT @@log_bin_basename")))
        logs = [os.path.join(folder, str(row["Log_name"])) for row in self.server.rows("SHOW BINARY LOGS")]
        code, _output, errors = self.command([self.mysqlbinlog, "--verbose", f"--include-gtids={errant}", f"--result-file={path}", *logs])
        if code:
            raise Problem(f"{self.server.name}: the errant transactions {errant} could not be saved ({errors.strip()}). Nothing was thrown away.")
        os.chmod(path, 0o600)

    def applies(self, wanted: str) -> bool:
        """Whether these transactions are here within wait_catchup. An applier that stopped at an error is not waited for."""
        end = time.monotonic() + self.wait_catchup
        while self.server.value("SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, 1)", (wanted,)) != 0:
            if time.monotonic() > end or stopped(self.refresh().channel):
                return False
        return True

    def applier_error(self) -> str:
        """The applier's error now."""
        channel = self.refresh().channel
        return channel.applier_error if channel else "no applier"

    def expect(self) -> None:
        """Until this server holds what it must hold. It is never opened without."""
        wanted = self.desired.expect_superset
        if self.server.check_mode or not wanted:
            return
        if not self.applies(wanted):
            missing = self.server.subtract(wanted, None)
            raise Problem(
                f"{self.server.name}: does not hold {missing} after {self.wait_catchup} s, which it must ({self.applier_error() or 'the applier runs'}). "
                "Nothing was opened. Next: ansible-playbook onprem.wandb.mysql_status -i <inventory> shows receiver and applier."
            )

    def drain(self) -> None:
        """Until everything received is applied. Never go on after a timeout: dropping the channel drops the backlog."""
        channel = self.refresh().channel
        if self.server.check_mode or not channel or not channel.received:
            return
        if not self.applies(channel.received):
            missing = self.server.subtract(channel.received, None)
            raise Problem(
                f"{self.server.name}: received transactions are not applied within {self.wait_catchup} s: {missing} ({self.applier_error()}). "
                "Nothing was dropped. Next: ansible-playbook onprem.wandb.mysql_status -i <inventory> shows the applier; wait for it, or set "
                "mysql_wait_catchup: <seconds> (here: wait_catchup)."
            )

    def clone(self, statement: Statement) -> None:
        """CLONE replaces the data directory and restarts the server. Losing the connection is its normal end."""
        before = self.server.rows("SELECT BEGIN_TIME FROM performance_schema.clone_status")
        old = str(before[0]["BEGIN_TIME"]) if before else ""
        if not self.server.check_mode:
            if self.role_file:
                rolefile.write(self.role_file, rolefile.record("replica", False, self.me.server_uuid))
            # A session that may last as long as the copy; the lock goes with the old one.
            self.server.reconnect(self.clone_timeout)
            self.server.lock(self.desired.deadline)
        ended = ""
        try:
            self.server.change(statement)
        except pymysql.MySQLError as error:
            if number_of(error) not in (*LOST, NO_SUPERVISOR):
                raise Problem(f"{self.server.name}: CLONE failed: {text_of(error)}.") from error
            ended = text_of(error)
        if self.server.check_mode:
            return

        begin = time.monotonic()

        def cloned() -> str:
            rows = self.server.rows("SELECT STATE, BEGIN_TIME, ERROR_NO, ERROR_MESSAGE FROM performance_schema.clone_status")
            new = bool(rows) and str(rows[0]["BEGIN_TIME"]) != old
            if new and rows[0]["STATE"] == "Completed":
                return ""
            if new and rows[0]["ERROR_NO"]:
                raise Problem(
                    f"{self.server.name}: CLONE ended early: {rows[0]['ERROR_MESSAGE']} (error {rows[0]['ERROR_NO']}). Next: "
                    f"ansible-playbook onprem.wandb.mysql_rejoin -i <inventory>"
                )
            if int(self.server.status("Uptime")["uptime"]) < time.monotonic() - begin:
                raise Problem(
                    f"{self.server.name}: the server was restarted in the middle of the CLONE. Next: ansible-playbook onprem.wandb.mysql_rejoin -i <inventory>"
                )
            return f"the clone is {rows[0]['STATE']} ({ended})" if new else f"no record of this clone yet ({ended})"

        # The copy is there; what follows is a start with crash recovery.
        self.server.wait_until(cloned, min(self.clone_timeout, 600), "the restart after CLONE", reconnect=True)
        self.server.lock(10)
        self.refresh()


def primary(run: Run, asked: t.Sequence[Peer]) -> None:
    """state=primary."""
    kept, had_standby = run.kept(), run.had_standby()
    degraded = kept.get("degraded") if kept.get("role") == "primary" else None
    plan = plan_primary(run.me, asked, run.desired, had_standby, bool(degraded))
    if run.me.channel and not plan.refusal:
        # A run that is killed after the channel is gone and before the server is open can be told from a standby that lost its channel.
        run.keep_role("promoting", run.desired.semi_sync != DISABLED)
    run.execute(plan)
    if not run.server.check_mode:
        me = run.refresh() if run.changed else run.me
        if not me.writable or me.channel:
            raise Problem(
                f"{run.server.name}: is not writable after all statements (role {me.role}). Next: "
                "ansible-playbook onprem.wandb.mysql_status -i <inventory>; run the same playbook again with -vvv, which shows the statements."
            )
        had_standby = bool(me.source_enabled)
        if me.term.server_uuid != me.server_uuid and (me.attached or not had_standby):
            run.changed = True
            term.begin(run.server, me.term, me.server_uuid, run.desired.deadline)
            me = run.refresh()
    if run.desired.semi_sync == DISABLED and run.degraded_reason:
        degraded = degraded or rolefile.window(run.degraded_reason, run.me.executed)
    elif degraded and had_standby:
        run.window = ended(run, degraded)
        run.note(f"degraded window ended after {run.window['seconds']} s; only this server held {run.window['transactions'] or 'nothing'}")
        degraded = None
    run.degraded = degraded
    run.keep_role("primary", had_standby, degraded)


def ended(run: Run, degraded: dict[str, t.Any]) -> dict[str, t.Any]:
    """A window that is over: how long it was and what only one host held during it."""
    transactions = run.server.subtract(run.me.executed, str(degraded.get("gtid_executed", "")))
    return {**degraded, "ended": time.strftime(rolefile.FORMAT, time.gmtime()), "seconds": rolefile.age(degraded), "transactions": transactions}


def fenced(run: Run) -> None:
    """state=fenced. The record comes first: a server that dies in between is not opened at its next start."""
    plan = plan_ends.plan_fenced(run.me, run.desired)
    if plan.steps:
        run.clear_sessions()
    run.keep_role("fenced" if run.me.channel is None else "replica", bool(run.me.source_enabled))
    run.execute(plan)
    if run.server.check_mode or not run.changed:
        return
    run.server.wait_until(lambda: plan_ends.fence_problem(run.refresh()), run.desired.deadline, "the fence")


def absent(run: Run, asked: t.Sequence[Peer]) -> None:
    """state=absent."""
    plan = plan_ends.plan_absent(run.me, asked, run.desired)
    run.execute(plan)
    run.keep_role("none", False)
    if run.server.check_mode or not run.changed:
        return
    me = run.refresh()
    if me.channel or not me.super_read_only:
        raise Problem(
            f"{run.server.name}: is still {me.role} after all statements. "
            "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>; run the same playbook again with -vvv, which shows the statements."
        )


def replica(run: Run, ask: t.Callable[[], Peer]) -> tuple[Peer, Comparison]:
    """state=replica. Returns the source and the comparison after everything."""
    source = ask()
    found = peers.compare(run.server, run.me, source)
    plan = plan_replica(run.me, source, found, run.desired)
    if not plan.refusal:
        run.keep_role("replica", False)
    cloning = CLONE in plan.steps
    if cloning and not run.server.check_mode:
        run.execute(Plan(plan.steps[: plan.steps.index(CLONE) + 2]), found)
        source = ask()
        plan = plan_replica(run.me, source, peers.compare(run.server, run.me, source), run.desired)
    run.execute(plan, found)
    if run.server.check_mode:
        return source, found
    if not run.changed and not standby_problems(run.me, source, found if source.member else None, run.desired):
        return source, found
    return settle(run, ask)


def settle(run: Run, ask: t.Callable[[], Peer]) -> tuple[Peer, Comparison]:
    """Verify a standby; wait for it where something was changed."""

    def problems() -> str:
        me = run.refresh()
        found = standby_problems(me, Peer("", OK), None, run.desired)
        if me.channel and any(mark in me.channel.receiver_error for mark in FINAL):
            raise Problem(
                f"{run.server.name}: cannot follow {me.channel.address()}: {me.channel.receiver_error}. "
                "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>; correct the account or the source, then ansible-playbook "
                "onprem.wandb.mysql_rejoin -i <inventory>"
            )
        if me.channel and stopped(me.channel):
            raise Problem(broken(run, me.channel))
        return "; ".join(found)

    run.server.wait_until(problems, run.desired.deadline, f"following {run.desired.channel['host']}:{run.desired.channel['port']}")
    run.expect()
    source = ask()
    if run.changed and source.member and run.wait_catchup:
        if not run.applies(source.member.executed):
            raise Problem(behind(run, source))
    me = run.refresh()
    source = ask()
    found = peers.compare(run.server, me, source)
    left = standby_problems(me, source, found if source.member else None, run.desired)
    if left:
        raise Problem(f"{run.server.name}: is not a sound standby of {run.desired.channel['host']}: {'; '.join(left)}.")
    return source, found


def broken(run: Run, channel: Channel) -> str:
    """A standby whose applier stopped."""
    return (
        f"{run.server.name}: the applier stopped: {channel.applier_error}. What it has is not what {channel.address()} has: somebody changed it here, or it is "
        "damaged. Next: ansible-playbook onprem.wandb.mysql_rejoin -i <inventory> -e op_accept_data_loss=<site_name> copies the primary anew "
        "(here: reseed=allow and accept_data_loss=true)."
    )


def behind(run: Run, source: Peer) -> str:
    """Why a standby still lacks something: it is slow, or the source will never send it."""
    missing = run.server.subtract(source.member.executed if source.member else "", None)
    channel = run.refresh().channel
    if channel and stopped(channel):
        return broken(run, channel)
    said = f"{run.server.name}: does not catch up with {source.address} within {run.wait_catchup} s; still missing: {missing}."
    if channel and channel.receiver == "ON" and not run.server.subtract(channel.received, None):
        return (
            f"{said} Everything that was received is applied. This host wrote these itself as the primary and has lost them since (an older copy of its disk): "
            "a server is not sent what carries its own server_id. Next: systemctl stop mysqld here, move the content of the data directory away, then "
            "ansible-playbook onprem.wandb.mysql_rejoin -i <inventory>"
        )
    return (
        f"{said} It goes on applying. "
        "Next: ansible-playbook onprem.wandb.mysql_rejoin -i <inventory> later, or set mysql_wait_catchup: <seconds> (here: wait_catchup)."
    )


def measure(run: Run, addresses: t.Sequence[Address]) -> t.Optional[dict[str, t.Any]]:
    """The heartbeat through the whole pair."""
    if run.server.check_mode:
        return None
    return heartbeat.measure(run.server, addresses, run.desired.deadline)
