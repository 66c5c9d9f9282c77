# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: who is the primary of a pair, judged from a look at every member. The role is state; the inventory only names the first one."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NOBODY = ("(error 2002)", "(error 2003)", "(error 2005)", "(error 2013)")  # nobody answered; any other error is an answer


@dataclass(frozen=True)
class Member:
    """A host of group mysql and what mysql_replica_info saw on it; look is empty when the host was not reached."""

    name: str
    address: str
    look: Mapping[str, t.Any] = field(default_factory=dict)

    @property
    def reached(self) -> bool:
        """Over SSH."""
        return bool(self.look)

    @property
    def running(self) -> bool:
        """The server answers on its socket."""
        return bool(self.look.get("running"))

    @property
    def writable(self) -> bool:
        """Takes writes of an application."""
        return self.running and not (self.look.get("read_only") or self.look.get("super_read_only") or self.look.get("offline_mode"))

    @property
    def channel(self) -> Mapping[str, t.Any]:
        """Its replication channel; empty when it has none."""
        return self.look.get("channel") or {}

    @property
    def semisync(self) -> Mapping[str, t.Any]:
        """The semi-sync side."""
        return self.look.get("semisync") or {}

    @property
    def recorded(self) -> str:
        """The role in the host's record, when it is of the data directory that is there."""
        record = self.look.get("recorded_role") or {}
        if self.running and record.get("server_uuid") != self.look.get("server_uuid"):
            return ""
        return str(record.get("role") or "")

    @property
    def term(self) -> int:
        """Number of its own last term; 0 when somebody else's came later, as far as it knows."""
        term = self.look.get("term") or {}
        return int(term.get("number") or 0) if term.get("server_uuid") == self.look.get("server_uuid") else 0

    def follows(self, other: Member) -> bool:
        """Whether its channel leads to the other one."""
        if not self.channel:
            return False
        known = self.channel.get("source_uuid")
        if known and other.running:
            return bool(known == other.look.get("server_uuid"))
        return f"{self.channel.get('host')}:{self.channel.get('port')}" == other.address

    def peer(self, other: Member) -> Mapping[str, t.Any]:
        """What it learned when it asked the other one."""
        for one in self.look.get("peers") or ():
            if one.get("address") == other.address:
                return t.cast("Mapping[str, t.Any]", one)
        return {}

    def hears(self, other: Member) -> bool:
        """Whether the other server answered it, in whatever words."""
        asked = self.peer(other)
        if not asked:
            return False
        detail = str(asked.get("detail"))
        return asked.get("state") != "unreachable" or "SSL" in detail or not any(mark in detail for mark in NOBODY)


@dataclass(frozen=True)
class Pair:
    """The verdict. problem: why nobody can be named; empty when primary is certain."""

    primary: str = ""
    problem: str = ""


def members(found: Sequence[Mapping[str, t.Any]]) -> list[Member]:
    """From name, address and the registered result of the look."""
    result = []
    for one in found:
        look = one.get("look") or {}
        result.append(Member(str(one["name"]), str(one["address"]), look if "running" in look else {}))
    return result


def decide(pair: Sequence[Member], declared: str) -> Pair:
    """The primary: who is writable; else who is recorded; else who is followed; else, for a pair without a history, who is declared."""
    writable = [one.name for one in pair if one.writable]
    if len(writable) > 1:
        return Pair(
            problem=f"{' and '.join(writable)} are both writable: split brain. Nothing was changed. "
            "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>; stop the application, decide which one holds the truth, "
            "fence the other one (mysql_replica with state=fenced), then ansible-playbook onprem.wandb.mysql_rejoin -i <inventory>"
        )
    if writable:
        return Pair(writable[0])
    claims = [one for one in pair if one.recorded == "primary" and not one.channel]
    if len(claims) > 1:
        return _between(claims)
    if claims:
        return Pair(claims[0].name)
    followed = [one.name for one in pair if any(other.follows(one) for other in pair if other is not one)]
    promoting = [one.name for one in pair if one.recorded == "promoting"]
    fenced = [one.name for one in pair if one.recorded == "fenced"]
    for names in (followed, promoting, fenced):
        if len(names) == 1:
            return Pair(names[0])
    return Pair(declared)


def _between(claims: Sequence[Member]) -> Pair:
    """Two were primaries, one after the other: the later one has the higher term, or holds what the earlier one lacks."""
    if all(one.running for one in claims):
        last = max(claims, key=lambda one: one.term)
        if sum(one.term == last.term for one in claims) == 1:
            return Pair(last.name)
    complete = []
    for one in claims:
        answers = [one.peer(other) for other in claims if other is not one]
        if one.running and all(answer.get("state") == "ok" and not answer.get("ahead") for answer in answers):
            complete.append(one.name)
    if len(complete) == 1:
        return Pair(complete[0])
    names = " and ".join(one.name for one in claims)
    asked = [(one.name, answer) for one in claims for answer in one.look.get("peers") or ()]
    seen = "; ".join(f"{name} lacks {answer.get('ahead') or 'nothing'} of {answer.get('address')}" for name, answer in asked)
    return Pair(
        problem=f"{names} were both the primary and are both read-only now ({seen or 'one of them does not run'}). Nothing was changed. "
        "Next: systemctl start mysqld on both, then ansible-playbook onprem.wandb.mysql_status -i <inventory>: the one that holds more is the "
        "later one; mysql_failover opens it."
    )
