"""One crash failover under load: fault, failover by the playbook, writes flow, the old primary comes back, everything is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from . import faults, judge, look
from .book import ACK
from .client import OTHER, READ_ONLY, RECONNECT, now
from .load import Load
from .pair import Done, LedgerError

FLOWING = 20  # acknowledgements of each writer that prove that writes flow


@dataclass
class Cycle:
    """What one cycle found. Times in seconds."""

    number: int
    fault: str
    old: str
    new: str = ""
    acked: int = 0
    at_risk: int = 0
    unknown: int = 0
    lost: int = 0
    doubled: int = 0
    phantoms: int = 0
    split_brain: int = 0
    gap: float = 0.0  # no writer was acknowledged: from the last acknowledgement before the fault
    rto: float = 0.0  # from the failover command to the first write
    command: float = 0.0  # how long that command ran
    rejoin: float = 0.0
    rejoin_gap: float = 0.0  # the longest gap while the old primary came back
    errant: bool = False
    errors: dict[str, int] = field(default_factory=dict)
    probe: dict[str, int] = field(default_factory=dict)  # questions per host and answer
    problems: list[str] = field(default_factory=list)

    def line(self, of: int) -> str:
        kinds = Counter[str]()
        for error, times in self.errors.items():
            kinds[error.split(":")[0]] += times
        verdict = "ok" if not self.problems else "FAILED"
        return (
            f"cycle {self.number:2}/{of} {self.fault:8} {self.old}->{self.new or '?'} acked {self.acked:6} at risk {self.at_risk:4} unknown {self.unknown:2} "
            f"lost {self.lost} doubled {self.doubled} split brain {self.split_brain} "
            f"gap {self.gap:5.2f} s rto {self.rto:5.2f} s rejoin {self.rejoin:5.1f} s{' (errant)' if self.errant else ''} "
            f"errors: {RECONNECT} {kinds[RECONNECT]}, {READ_ONLY} {kinds[READ_ONLY]}, {OTHER} {kinds[OTHER]}: {verdict}"
        )

    def data(self) -> dict[str, Any]:
        return asdict(self)


def failover(load: Load, number: int, fault: faults.Fault) -> Cycle:
    """The whole cycle. What was found stands in the result; only what cannot be carried out is an exception."""
    pair = load.pair
    old = look.primary(pair)
    cycle = Cycle(number, fault.name, old)
    look.wait_guarded(pair, old)
    look.catch_up(pair, old, pair.other(old))
    names = look.identity(pair)
    identity = {host: server for server, host in names.items()}
    acked, unknown = load.book.acks, load.book.unknowns
    load.cut(now())
    load.wait_acks(FLOWING * load.writers, 60, "writes before the fault")

    faults.crash(pair, old, fault)
    began = now()
    done = pair.playbook("mysql_failover", log=f"ledger-{number}-failover", **failover_variables(load, fault))
    load.wait_acks(FLOWING * load.writers, 90, "writes after the failover", since=began)
    cycle.new, cycle.command = look.primary(pair), done.seconds
    measure(load, cycle, identity[old], began)
    count(load, cycle, cycle.new)

    returned = now()
    faults.back(pair, old, fault)
    cycle.errant, cycle.rejoin = rejoin(load, number)
    look.wait_guarded(pair, cycle.new)
    load.wait_acks(FLOWING * load.writers, 60, "writes after the rejoin")
    cycle.rejoin_gap = round(judge.longest_gap(load.events, returned, now())[0], 3)
    count(load, cycle, cycle.new)
    count(load, cycle, old, cycle.new)
    names.update(look.identity(pair))
    split = judge.split_brain(load.acks, judge.Change(identity[old], began), names)
    cycle.split_brain, cycle.problems = len(split), cycle.problems + split
    cycle.acked, cycle.unknown = load.book.acks - acked, load.book.unknowns - unknown
    cycle.errors = dict(Counter(event.error for event in load.events if event.error))
    cycle.probe = dict(Counter(f"{event.writer} {event.what}" for event in load.answers))
    if cycle.new == old:
        cycle.problems.append(f"{old} is still the primary after mysql_failover.yml")
    silent = [host for host in pair.hosts if not any(key.startswith(f"probe-{host} ") for key in cycle.probe)]
    cycle.problems += [f"the probe asked {host} nothing: it proves nothing" for host in silent]
    return cycle


def failover_variables(load: Load, fault: faults.Fault) -> dict[str, Any]:
    """What a person passes: the site's name, that there will be no standby for now, and that a dead host is dead."""
    said = {"op_confirm": load.pair.site, "op_degraded": "yes"}
    return said if fault.host_answers else {**said, "op_old_primary_is_down": "yes"}


def measure(load: Load, cycle: Cycle, old: str, began: float) -> None:
    """Gap, time to the first write, acknowledgements at risk."""
    load.read()
    before = [event.done for event in load.events if event.what == ACK and event.server == old]
    first = judge.first_after(load.events, began, old)
    if not before or first is None:
        raise LedgerError(f"cycle {cycle.number}: no acknowledgement {'before the fault' if not before else 'after the failover'}; nothing can be measured.")
    cycle.at_risk = judge.at_risk(load.events, max(before))
    cycle.gap = round(judge.longest_gap(load.events, max(before), now())[0], 3)
    cycle.rto = round(first.done - began, 3)


def count(load: Load, cycle: Cycle, host: str, source: str = "") -> None:
    """Every acknowledged number, on one host; a standby first applies what its source had acknowledged before."""
    load.read()
    if source:
        look.catch_up(load.pair, source, host)
    verdict = judge.compare(load.book, look.holding(load.pair, host))
    cycle.lost = max(cycle.lost, verdict.lost)
    cycle.doubled = max(cycle.doubled, verdict.doubled)
    cycle.phantoms = max(cycle.phantoms, verdict.phantoms)
    cycle.problems += [text for text in verdict.problems if text not in cycle.problems]


def rejoin(load: Load, number: int) -> tuple[bool, float]:
    """As an operator: first without consent; a refusal because of errant transactions is answered with it. (errant, seconds of both)"""
    first = load.pair.playbook("mysql_rejoin", check=False, log=f"ledger-{number}-rejoin")
    if first.code == 0:
        return False, round(first.seconds, 1)
    if "errant" not in first.output.lower() and "accept_data_loss" not in first.output:
        raise LedgerError(f"mysql_rejoin.yml ended with {first.code}, and not because of errant transactions:\n{first.tail(40)}")
    second: Done = load.pair.playbook("mysql_rejoin", log=f"ledger-{number}-rejoin-accepted", op_accept_data_loss=load.pair.site)
    return True, round(first.seconds + second.seconds, 1)
