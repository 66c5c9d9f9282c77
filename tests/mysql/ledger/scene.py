"""A whole pair with writers at work: where every test begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import byhand, faults, judge, look
from .client import now
from .load import Load
from .pair import LedgerError, Pair, wait_for


@dataclass
class Scene:
    """Who is who before anything happens. names: server_uuid -> host."""

    load: Load
    primary: str
    standby: str
    names: dict[str, str]

    @property
    def pair(self) -> Pair:
        return self.load.pair

    def identity(self, host: str) -> str:
        return next(server for server, name in self.names.items() if name == host)

    def flows(self, acks: int = 100, seconds: float = 60, since: float | None = None) -> float:
        """Until writes sent from now on were acknowledged; returns the seconds."""
        return self.load.wait_acks(acks, seconds, "writes", since)

    def acks_since(self, when: float, margin: float = 0.0) -> int:
        """Acknowledgements of writers and probes of what was sent after a time."""
        self.load.read()
        return sum(1 for event in self.load.acks if event.sent > when + margin)

    def pass_time(self, seconds: float) -> None:
        """Let the load work; the clock is the probe's, which asks all the time."""
        begin = now()

        def seen() -> str:
            self.load.read()
            return "" if self.load.answers and self.load.answers[-1].done - begin > seconds else f"less than {seconds} s"

        wait_for(f"{seconds} s of load", seconds + 30, seen)

    def gap(self, since: float) -> float:
        """The longest time without an acknowledgement."""
        self.load.read()
        return judge.longest_gap(self.load.events, since, now())[0]

    def split_brain(self, change: judge.Change | None = None) -> list[str]:
        """Two that acknowledged."""
        self.load.read()
        return judge.split_brain(self.load.acks, change, self.names)

    def problems(self, *hosts: str) -> list[str]:
        """What the books say of hosts, the primary first; the others apply what it had acknowledged."""
        self.load.read()
        primary = look.primary(self.pair)
        found: list[str] = []
        for host in hosts or tuple(self.pair.hosts):
            if host != primary:
                look.catch_up(self.pair, primary, host)
            found += judge.compare(self.load.book, look.holding(self.pair, host)).problems
        return found


@contextmanager
def scene(pair: Pair, directory: Path, **load: float) -> Iterator[Scene]:
    """Writers on a whole pair."""
    primary = make_whole(pair)
    with Load(pair, directory / "ledger", pause=load.get("pause", 0.02), answer=load.get("answer", 5.0)) as running:
        running.cut(now())
        running.wait_acks(100, 60, "writes before anything happens")
        yield Scene(running, primary, pair.other(primary), look.identity(pair))


def make_whole(pair: Pair) -> str:
    """The pair as it should be, whatever an earlier test left. Returns the primary."""
    for host in pair.hosts:
        faults.power_on(pair, host)
        faults.heal(pair, host)
    found = look.writable(pair)
    if len(found) == 1 and not look.guarded(pair, found[0]) and not look.errant(pair, found[0]):
        return found[0]
    for host in pair.hosts:
        faults.revive(pair, host)
    try:
        wait_for("one writable host", 20, lambda: "" if len(look.writable(pair)) == 1 else f"writable: {look.writable(pair)}")
    except LedgerError:
        byhand.choose(pair)  # what an earlier test left is not this one's subject
    pair.playbook("mysql_rejoin", op_accept_data_loss=pair.site)
    primary = look.primary(pair)
    look.wait_guarded(pair, primary)
    return primary
