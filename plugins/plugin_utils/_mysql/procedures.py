# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what a procedure on the pair would do, or why it must not be done. Judged on the controller from one look at all members."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence
from dataclasses import asdict

from .failover import failover
from .pair import Member
from .plan import STATUS, Options, Plan, Refusal, accepts_loss, both, call, must_accept_loss, must_confirm, must_run, sound


def switchover(pair: Sequence[Member], options: Options) -> Plan:
    """Planned: the standby becomes the primary, the primary the standby."""
    primary, other = both(pair, options)
    target = str(options.get("target") or "")
    if target and target not in (primary.name, other.name):
        raise Refusal(f"target is {target}; expected one of {', '.join(one.name for one in pair)}.")
    must_run(primary, "a switchover needs both servers")
    must_run(other, "a switchover needs both servers")
    reopen = [] if primary.writable else ["reopen"]
    if primary.recorded == "primary" and other.recorded == "fenced" and not other.channel and target != other.name:
        # An earlier run ended between promotion and attaching.
        said = f"{primary.name} is the primary already; {other.name} is still fenced and becomes its standby"
        return Plan(primary.name, other.name, [*reopen, "attach"], [said])
    if primary.recorded == "promoting" and not primary.writable and not primary.channel:
        return Plan(primary.name, other.name, ["promote", "attach"], [f"an earlier run was promoting {primary.name}; it is finished"])
    if target == primary.name:
        said = "it was fenced and not replaced; it is opened again" if primary.recorded == "fenced" else "nothing to do" if primary.writable else "it is opened"
        return Plan(primary.name, other.name, reopen, [f"{primary.name} is the primary already: {said}"])
    if primary.look.get("degraded"):
        why = primary.look["degraded"]
        raise Refusal(
            f"{primary.name} runs degraded since {why.get('since')} ({why.get('reason')}): its standby may lack transactions. "
            "Next: ansible-playbook onprem.wandb.mysql_undegrade -i <inventory>"
        )
    sound(other, primary, float(options.get("max_lag") or 0))
    if primary.writable and options.get("strict") and not (primary.semisync.get("source_enabled") and primary.semisync.get("attached")):
        raise Refusal(
            f"the commits of {primary.name} do not wait for {other.name} (semi-sync is {primary.semisync.get('source_status')}). "
            "Next: ansible-playbook onprem.wandb.mysql -i <inventory>"
        )
    return Plan(other.name, primary.name, ["presync", "fence", "promote", "attach"], in_the_way(pair, options))


def in_the_way(pair: Sequence[Member], options: Options) -> list[str]:
    """Sessions that a step would wait for; the steps look again and refuse or end them before anything is fenced."""
    what = "it is ended" if options.get("blocking_sessions") == "end" else f"refused unless it ends within {options.get('session_wait')} s"
    return [f"{one.name}: {seen['text']}; {what}" for one in pair for seen in one.look.get("blocking_sessions") or ()]


def rejoin(pair: Sequence[Member], options: Options) -> Plan:
    """The other host becomes the standby of the primary, whatever it was before."""
    primary, other = both(pair, options)
    must_run(primary, "it is the primary")
    if not primary.writable:
        reason = (primary.look.get("guard") or {}).get("reason")
        raise Refusal(
            f"{primary.name} is the primary and is read-only (role guard: {reason}). "
            "Next: ansible-playbook onprem.wandb.mysql -i <inventory>, or mysql_failover."
        )
    must_run(other, "it is the one that rejoins")
    attached = other.channel and other.follows(primary) and other.channel.get("receiver") == "ON" == other.channel.get("applier")
    errant = other.look.get("errant") if attached else primary.peer(other).get("ahead")
    if attached and not errant:
        whole = primary.semisync.get("source_enabled") and not primary.look.get("degraded")
        return Plan(primary.name, other.name, [] if whole else ["undegrade"], [f"{other.name} replicates from {primary.name} already"])
    if errant:
        must_accept_loss(
            options,
            "rejoin",
            f"{other.name} holds transactions that {primary.name} does not know: {errant}. Joining throws them away (mysqlbinlog --include-gtids on "
            f"{other.name} shows them); with the site's name they are saved as SQL, and {primary.name} is copied anew.",
        )
    broken = accepts_loss(options) and other.channel.get("applier") != "ON" and other.channel.get("applier_error")
    copied = bool(errant or broken) or not other.look.get("gtid_executed") or other.look.get("gtid_state") == "IRRECOVERABLE"
    notes = [f"{errant} of {other.name} are saved in mysql-errant on {other.name} and thrown away"] if errant else []
    notes += [f"{other.name} is copied anew: its applier stopped ({broken})"] if broken else []
    # The only standby cannot be copied while commits wait for it: the two would wait for each other.
    return Plan(primary.name, other.name, ["window", "attach"] if copied and primary.semisync.get("source_enabled") else ["attach"], notes)


def degrade(pair: Sequence[Member], options: Options) -> Plan:
    """The primary serves without its standby, knowingly."""
    must_confirm(options, "degrade", "mysql_degrade gives up the promise that no acknowledged transaction is lost.")
    if not str(options.get("reason") or "").strip():
        raise Refusal(
            "reason is empty; expected a few words: mysql_status shows them until the pair is whole again. "
            f"Next: {call('degrade', options, reason='standby gets new memory')}"
        )
    primary, other = both(pair, options)
    must_run(primary, "it is the one that would serve alone")
    if not primary.writable:
        raise Refusal(f"{primary.name} is read-only; a server that does not serve cannot be degraded. {STATUS}")
    if primary.look.get("degraded"):
        return Plan(primary.name, other.name, [], [f"{primary.name} runs degraded since {primary.look['degraded'].get('since')}"])
    waiting = primary.semisync.get("waiting_sessions")
    notes = [f"{waiting} sessions wait for {other.name} now; their commits are acknowledged with {primary.name} as the only holder"] if waiting else []
    return Plan(primary.name, other.name, ["degrade"], notes)


def undegrade(pair: Sequence[Member], options: Options) -> Plan:
    """The end of a degraded window."""
    primary, other = both(pair, options)
    must_run(primary, "it is the primary")
    must_run(other, "commits would wait for it")
    sound(other, primary, float(options.get("max_lag") or 0))
    if not (primary.look.get("degraded") or other.look.get("degraded")) and primary.semisync.get("source_enabled"):
        return Plan(primary.name, other.name, [], ["the pair is not degraded"])
    return Plan(primary.name, other.name, ["undegrade"])


PROCEDURES: dict[str, Callable[[Sequence[Member], Options], Plan]] = {
    "switchover": switchover,
    "failover": failover,
    "rejoin": rejoin,
    "degrade": degrade,
    "undegrade": undegrade,
}


def plan(pair: Sequence[Member], procedure: str, options: Options) -> dict[str, t.Any]:
    """The plan, or the refusal in its problem."""
    try:
        return asdict(PROCEDURES[procedure](pair, options))
    except Refusal as refusal:
        return asdict(Plan(problem=str(refusal)))
