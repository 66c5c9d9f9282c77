"""Planned switchovers under load: the gap, and no error other than reconnects."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from . import judge, look
from .client import RECONNECT, now
from .cycle import FLOWING
from .load import Load


@dataclass
class Switch:
    """What one switchover found. Times in seconds."""

    number: int
    old: str
    new: str
    gap: float
    command: float
    acked: int
    lost: int
    split_brain: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def line(self, of: int) -> str:
        errors = ", ".join(f"{name} {times}" for name, times in sorted(self.errors.items())) or "none"
        return (
            f"switchover {self.number:2}/{of} {self.old}->{self.new} acked {self.acked:5} lost {self.lost} split brain {self.split_brain} "
            f"gap {self.gap:5.3f} s command {self.command:4.1f} s errors: {errors}: {'FAILED' if self.problems else 'ok'}"
        )

    def data(self) -> dict[str, Any]:
        return asdict(self)


def switchover(load: Load, number: int) -> Switch:
    """One, to the other host."""
    pair = load.pair
    old = look.primary(pair)
    look.wait_guarded(pair, old)
    names = look.identity(pair)
    identity = {host: server for server, host in names.items()}
    load.cut(now())
    load.wait_acks(FLOWING * load.writers, 60, "writes before the switchover")
    acked, began = load.book.acks, now()
    done = pair.playbook("mysql_switchover", log=f"ledger-switchover-{number}")
    load.wait_acks(FLOWING * load.writers, 60, "writes after the switchover", since=done.ended)
    new = look.primary(pair)
    load.read()
    look.catch_up(pair, new, pair.other(new))
    verdicts = [judge.compare(load.book, look.holding(pair, host)) for host in pair.hosts]
    errors = Counter(event.error for event in load.events if event.error)
    found = Switch(
        number=number,
        old=old,
        new=new,
        gap=round(judge.longest_gap(load.events, began, now())[0], 3),
        command=round(done.seconds, 1),
        acked=load.book.acks - acked,
        lost=max(verdict.lost for verdict in verdicts),
        errors=dict(errors),
        problems=[text for verdict in verdicts for text in verdict.problems],
    )
    split = judge.split_brain(load.acks, judge.Change(identity[old], began, failover=False), names)
    found.split_brain, found.problems = len(split), found.problems + split
    found.problems += [f"an error that is no reconnect: {error}, {times} times" for error, times in errors.items() if not error.startswith(RECONNECT)]
    if new == old:
        found.problems.append(f"{old} is still the primary after mysql_switchover.yml")
    return found
