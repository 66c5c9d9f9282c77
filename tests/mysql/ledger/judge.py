"""The verdict, from plain data: nothing here talks to a server, and each rule has a test in which it fails."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .book import ACK, FAILED, UNKNOWN, Event
from .look import Holding
from .spans import Spans

AT_RISK = 2.0  # seconds before a fault: what was acknowledged then is what asynchronous replication loses
SHOWN = 10


@dataclass
class Book:
    """All that the writers know, by writer."""

    acked: dict[int, Spans] = field(default_factory=dict)
    unknown: dict[int, Spans] = field(default_factory=dict)
    tried: dict[int, int] = field(default_factory=dict)  # the last number whose end is known; later ones are under way
    errors: Counter[str] = field(default_factory=Counter)  # kind:number:phase

    def take(self, events: Iterable[Event]) -> None:
        """More events."""
        for event in events:
            if event.what == ACK:
                self.acked.setdefault(writer_of(event), Spans()).add(event.number)
            elif event.what == UNKNOWN:
                self.unknown.setdefault(writer_of(event), Spans()).add(event.number)
            if event.number:
                self.tried[writer_of(event)] = event.number
            if event.error:
                self.errors[event.error] += 1

    def count(self, kind: str) -> int:
        """How many errors of a kind."""
        return sum(times for error, times in self.errors.items() if error.startswith(kind + ":"))

    @property
    def acks(self) -> int:
        return sum(len(spans) for spans in self.acked.values())

    @property
    def unknowns(self) -> int:
        return sum(len(spans) for spans in self.unknown.values())


def writer_of(event: Event) -> int:
    """writer-3 -> 3"""
    return int(event.writer.rsplit("-", 1)[1])


@dataclass
class Verdict:
    """What one host's content says about the book."""

    host: str
    rows: int
    lost: int = 0
    doubled: int = 0
    phantoms: int = 0  # there, although the server had said that it is not
    problems: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.problems


def compare(book: Book, found: Holding) -> Verdict:
    """Every acknowledged number there exactly once; an unknown one at most once; nothing else."""
    verdict = Verdict(found.host, found.rows, doubled=len(found.twice))
    for writer in sorted({*book.acked, *found.held}):
        held, acked = found.held.get(writer, Spans()), book.acked.get(writer, Spans())
        lost = acked.minus(held)
        if len(lost):
            verdict.lost += len(lost)
            verdict.problems.append(f"{found.host}: writer {writer}: {len(lost)} acknowledged transactions are lost: {lost.shown()}")
        phantoms = held.upto(book.tried.get(writer, 0)).minus(acked).minus(book.unknown.get(writer, Spans()))
        if len(phantoms):
            verdict.phantoms += len(phantoms)
            verdict.problems.append(f"{found.host}: writer {writer}: {len(phantoms)} transactions are there that were refused: {phantoms.shown()}")
    verdict.problems += [f"{found.host}: twice: {text}" for text in found.twice]
    verdict.problems += [f"{found.host}: half a transaction: {text}" for text in found.torn]
    return verdict


@dataclass(frozen=True)
class Change:
    """A change of roles. began: when its command was given; failover: the old primary must not acknowledge anything sent after that."""

    old: str  # server_uuid
    began: float
    failover: bool = True


def split_brain(acks: Sequence[Event], change: Change | None, names: dict[str, str]) -> list[str]:
    """Acknowledgements that two primaries gave, from writers and probes together. Without a change one server may acknowledge, and no other.

    With one: what the old primary acknowledged must be over before the first acknowledgement of another server.
    """
    acks = sorted((event for event in acks if event.what == ACK), key=lambda event: event.done)
    servers = list(dict.fromkeys(event.server for event in acks))

    def name(server: str) -> str:
        return names.get(server, server)

    if change is None:
        return [f"{len(servers)} servers acknowledged writes although no role changed: {', '.join(map(name, servers))}"] if len(servers) > 1 else []
    problems = []
    new = [server for server in servers if server != change.old]
    if len(new) > 1:
        problems.append(f"{len(new)} servers besides the old primary acknowledged writes: {', '.join(map(name, new))}")
    first = next((event for event in acks if event.server != change.old), None)
    if first:
        late = [event for event in acks if event.server == change.old and event.done > first.done]
        problems += [told(event, name(change.old), f"{event.done - first.done:.3f} s after the first of {name(first.server)}") for event in late[:SHOWN]]
        if len(late) > SHOWN:
            problems.append(f"and {len(late) - SHOWN} more acknowledgements of {name(change.old)} after the first of {name(first.server)}")
    if change.failover:
        after = [event for event in acks if event.server == change.old and event.sent > change.began and not (first and event.done > first.done)]
        problems += [told(event, name(change.old), f"{event.sent - change.began:.3f} s after the failover began") for event in after[:SHOWN]]
    return problems


def told(event: Event, server: str, when: str) -> str:
    """One acknowledgement that must not be."""
    return f"{event.writer} number {event.number}: acknowledged by the old primary {server} {when}"


def at_risk(acks: Iterable[Event], fault: float) -> int:
    """Acknowledged within the last seconds before a fault."""
    return sum(1 for event in acks if event.what == ACK and fault - AT_RISK <= event.done <= fault)


def longest_gap(acks: Iterable[Event], begin: float, end: float) -> tuple[float, float]:
    """The longest time in which no writer got an acknowledgement, and when it began; the time up to `end` counts."""
    times = [begin, *sorted(event.done for event in acks if event.what == ACK and begin <= event.done <= end), end]
    return max((after - before, before) for before, after in zip(times, times[1:]))


def first_after(acks: Iterable[Event], when: float, old: str = "") -> Event | None:
    """The first write that was sent after a time and acknowledged by another server than the old primary."""
    later = [event for event in acks if event.what == ACK and event.sent >= when and event.server != old]
    return min(later, key=lambda event: event.done, default=None)


def errors_of(events: Iterable[Event], kind: str) -> int:
    """How many events met an error of a kind."""
    return sum(1 for event in events if event.error.startswith(kind + ":"))


def refused(events: Iterable[Event]) -> int:
    """Questions of the probe that were answered with a refusal."""
    return sum(1 for event in events if event.what == FAILED)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile (nearest rank) and extremes, in the unit of the values."""
    if not values:
        return {"count": 0}
    ordered = sorted(values)
    rank = max(0, -(-len(ordered) * 95 // 100) - 1)
    return {
        "count": len(ordered),
        "min": round(ordered[0], 3),
        "median": round(statistics.median(ordered), 3),
        "p95": round(ordered[rank], 3),
        "max": round(ordered[-1], 3),
    }
