# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what the plans of all procedures on a MySQL pair have in common."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...module_utils._say import extra
from .. import _confirmation
from .pair import Member, decide

Options = Mapping[str, t.Any]
STATUS = "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory> shows both."


class Refusal(Exception):
    """Why nothing may be done, as a whole sentence."""


@dataclass(frozen=True)
class Plan:
    """primary, standby: who is what when all steps are done. steps: what is due, for people and for the conditions of the tasks."""

    primary: str = ""
    standby: str = ""
    steps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problem: str = ""


def both(pair: Sequence[Member], options: Options) -> tuple[Member, Member]:
    """The primary and the other one."""
    if len(pair) != 2:
        raise Refusal(
            f"the group mysql has {len(pair)} host(s); expected a pair. "
            "Next: ansible-playbook onprem.wandb.site -i <inventory> when the standby is in the group mysql of the inventory."
        )
    verdict = decide(pair, str(options.get("declared") or pair[0].name))
    if verdict.problem:
        raise Refusal(verdict.problem)
    primary = next((one for one in pair if one.name == verdict.primary), None)
    if primary is None:
        raise Refusal(f"mysql_primary is {verdict.primary}; expected one of {', '.join(one.name for one in pair)}.")
    return primary, next(one for one in pair if one is not primary)


def must_run(one: Member, why: str) -> None:
    """Its server answers."""
    if not one.reached:
        raise Refusal(f"{one.name} does not answer over SSH, and {why}. {STATUS}")
    if not one.running:
        raise Refusal(f"the server on {one.name} does not run ({one.look.get('problem')}), and {why}. Next: systemctl status mysqld on {one.name}.")


def sound(standby: Member, primary: Member, max_lag: float) -> None:
    """A standby that can take over without losing anything."""
    channel = standby.channel
    if not standby.follows(primary):
        raise Refusal(
            f"{standby.name} does not replicate from {primary.name}. Next: ansible-playbook onprem.wandb.mysql_rejoin -i <inventory> makes it the standby."
        )
    for thread in ("receiver", "applier"):
        error = channel.get(f"{thread}_error")
        if channel.get(thread) != "ON" or error:
            raise Refusal(f"the {thread} of {standby.name} is {channel.get(thread)} ({error or 'no error reported'}); expected ON. {STATUS}")
    if standby.look.get("errant"):
        errant = standby.look["errant"]
        raise Refusal(
            f"{standby.name} holds transactions that {primary.name} does not know: {errant}. "
            "Next: ansible-playbook onprem.wandb.mysql_rejoin -i <inventory> says what to do with them."
        )
    lag = standby.look.get("lag_seconds") or 0
    if lag > max_lag:
        raise Refusal(
            f"{standby.name} is {lag:.0f} s behind, more than {max_lag:.0f} s (op_max_lag): a switchover would block writes for that long. "
            "Next: ansible-playbook onprem.wandb.mysql_switchover -i <inventory> -e op_max_lag=<seconds>; or wait for replication to catch up."
        )
    if series(standby) != series(primary):
        raise Refusal(
            f"{standby.name} runs MySQL {standby.look.get('version')} and {primary.name} {primary.look.get('version')}: the older one could not follow "
            "the newer. Next: ansible-playbook onprem.wandb.mysql -i <inventory> -e '{\"mysql_restart_allowed\": true}' brings both to mysql_version, "
            "the standby first."
        )


def series(one: Member) -> str:
    """First two numbers of the version."""
    return ".".join(str(one.look.get("version")).split(".")[:2])


# The extra variables of each procedure, in the order in which a person is told to write them.
SAID = {
    "switchover": ("target",),
    "failover": ("confirm", "degraded", "old_primary_is_down", "no_degrade_since_contact"),
    "degrade": ("confirm", "reason"),
}


def call(procedure: str, options: Options, **more: str) -> str:
    """The playbook as it was called, with more variables; a line for a shell."""
    said = {name: options[name] for name in SAID.get(procedure, ()) if options.get(name) or (options.get(name) is False and name == "degraded")}
    words = {name: ("yes" if value else "no") if isinstance(value, bool) else str(value) for name, value in {**said, **more}.items()}
    given = [f" {extra(f'op_{name}', value)}" for name, value in words.items()]
    return f"ansible-playbook onprem.wandb.mysql_{procedure} -i <inventory>{''.join(given)}"


def must_confirm(options: Options, procedure: str, what: str) -> None:
    """The site's name was given."""
    found = _confirmation.problem(options.get("confirm"), options.get("site_name"), what, call(procedure, {**options, "confirm": ""}))
    if found:
        raise Refusal(found)


def must_accept_loss(options: Options, procedure: str, what: str) -> None:
    """The site's name was given for what is lost; what says it in sentences."""
    found = _confirmation.problem(options.get("accept_data_loss"), options.get("site_name"), what, call(procedure, options), "op_accept_data_loss")
    if found:
        raise Refusal(found)


def accepts_loss(options: Options) -> bool:
    """Whether a person gives up what would be lost."""
    return _confirmation.confirmed(options.get("accept_data_loss"), options.get("site_name"))
