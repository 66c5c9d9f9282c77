# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: when a standby may take over from a primary that is dead, judged on the controller from one look at all members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .pair import Member
from .plan import Options, Plan, Refusal, both, call, must_accept_loss, must_confirm, must_run


def failover(pair: Sequence[Member], options: Options) -> Plan:
    """The standby becomes the primary, and the old one is never opened again by itself."""
    must_confirm(options, "failover", "mysql_failover makes the standby the primary.")
    if options.get("degraded") is None:
        raise Refusal(
            "op_degraded is not set. The new primary has no standby. Next: "
            f"{call('failover', options, degraded='yes')} accepts writes without a standby until mysql_rejoin; "
            "with op_degraded=no its commits wait until a standby is back."
        )
    old, new = both(pair, options)
    if old.recorded == "promoting" and not old.writable:
        old, new = new, old
    if old.writable and old.recorded == "primary" and new.recorded == "fenced":
        return _done(serving=old, other=new)
    if old.writable and not old.channel and old.look.get("degraded") and not new.channel:
        return _done(serving=old, other=new)
    if old.writable:
        raise Refusal(
            f"{old.name} answers and is writable: it is not dead. Nothing was changed. "
            "Next: ansible-playbook onprem.wandb.mysql_switchover -i <inventory> moves the role without a loss."
        )
    must_run(new, f"{old.name} does not serve: nothing can take over")
    _old_is_dead(old, new, options)
    notes = _promise(old, new, options)
    return Plan(new.name, old.name, [*(["fence"] if old.reached else []), "promote"], notes)


def _done(serving: Member, other: Member) -> Plan:
    """An earlier run promoted; what may be left is the fence of a host that came back."""
    fence = other.reached and not other.channel and other.recorded == "primary"
    said = f"{serving.name} is the primary already. Next: ansible-playbook onprem.wandb.mysql_rejoin -i <inventory> makes {other.name} its standby"
    return Plan(serving.name, other.name, ["fence"] if fence else [], [said])


def _old_is_dead(old: Member, new: Member, options: Options) -> None:
    """Refuses as long as the old primary answers anywhere."""
    if old.running and old.recorded != "fenced":
        reason = (old.look.get("guard") or {}).get("reason") or "no decision"
        raise Refusal(
            f"the server on {old.name} runs and is read-only (role guard: {reason}): it is not dead. Next: "
            "ansible-playbook onprem.wandb.mysql -i <inventory> opens it; mysql_switchover moves the role."
        )
    if new.hears(old) and old.recorded != "fenced":
        answer = new.peer(old)
        raise Refusal(
            f"{old.name} still answers {new.name} (state {answer.get('state')}, writable {answer.get('writable')}): it is not dead, only this controller "
            f"does not reach it. Next: ansible {old.name} -i <inventory> -m ansible.builtin.ping; when SSH works: "
            "ansible-playbook onprem.wandb.mysql_switchover -i <inventory>"
        )
    if options.get("answers"):
        where = ", ".join(options["answers"])
        raise Refusal(
            f"{old.name} still answers on its MySQL port to {where}: it is not dead. "
            f"Next: on {old.name}: systemctl poweroff (or its console); then run this again."
        )
    if not old.reached and not options.get("old_primary_is_down"):
        raise Refusal(
            f"{old.name} cannot be reached over SSH, so nobody here can stop it. Next: ping -c 3 {old.name}; make sure that it is powered off "
            "(its console, IPMI), then run this again with -e op_old_primary_is_down=yes."
        )


def _promise(old: Member, new: Member, options: Options) -> list[str]:
    """Notes for people. A doubt whether every acknowledged transaction is on the standby is a refusal until it is accepted by the site's name."""
    if not new.channel and new.recorded == "promoting":
        return [f"an earlier run was promoting {new.name}; it is finished"]
    facts = [f"{new.name} heard from {old.name} last {_heard(new)}", f"{new.name} holds {_held(new)}"]
    doubts = list(_doubts(old, new, options))
    if not doubts:
        return facts
    must_accept_loss(
        options,
        "failover",
        f"{new.name} may lack transactions that were acknowledged: {'; '.join(doubts)}. {'; '.join(facts)}. "
        f"Bringing {old.name} back loses nothing; the command below accepts the loss.",
    )
    loss = f"what {old.name} acknowledged beyond that is lost; mysql_rejoin saves it as SQL when {old.name} is back"
    return [*facts, *[f"accepted: {doubt}" for doubt in doubts], loss]


def _doubts(old: Member, new: Member, options: Options) -> Iterator[str]:
    """Every reason why the standby may lack something."""
    if not new.channel:
        yield f"{new.name} has no replication channel: nobody knows how much it holds"
    if not options.get("strict"):
        yield "commits did not wait for the standby without a limit (mysql_durability is not strict, or mysql_semi_sync is disabled)"
    for one in (old, new):
        window = one.look.get("degraded")
        if window:
            yield f"{old.name} ran degraded since {window.get('since')} ({window.get('reason')}), as {one.name} says"
    if new.channel and not new.semisync.get("replica_enabled"):
        yield f"{new.name} did not acknowledge (semi-sync is off there)"
    age, limit = new.channel.get("contact_age_seconds"), float(options.get("max_contact_age") or 0)
    if new.channel and (age is None or age > limit) and not options.get("no_degrade_since_contact"):
        yield (
            f"{new.name} heard from {old.name} last {_heard(new)} (limit {limit:.0f} s), so {old.name} may have been degraded since. "
            "If nobody ran mysql_degrade in that time, nothing is missing: -e op_no_degrade_since_contact=yes"
        )


def _heard(new: Member) -> str:
    age = new.channel.get("contact_age_seconds")
    return "not since it was started" if age is None else f"{age:.0f} s ago"


def _held(new: Member) -> str:
    return f"{new.look.get('gtid_executed') or 'nothing'} and received {new.channel.get('received') or 'nothing more'}"
