"""What writers and probes keep on disk: one line per event, appended, synced before the next transaction begins.

    ack     <number> <sent> <done> <wall> <server>     the server answered OK to COMMIT
    unknown <number> <sent> <done> <wall> <server> <error>   no answer to COMMIT: the transaction may be there or not
    failed  <number> <sent> <done> <wall> <server> <error>   the transaction is certainly not there
    error   0        <sent> <done> <wall> -        <error>   no connection
    open    0        <sent> <done> <wall> <server>     a new connection

sent, done: seconds on the monotonic clock; wall: seconds since 1970; server: server_uuid; error: kind:number:phase.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ACK, UNKNOWN, FAILED, ERROR, OPEN = "ack", "unknown", "failed", "error", "open"
SYNCED = (ACK, UNKNOWN)


@dataclass(frozen=True)
class Event:
    """One line."""

    what: str
    number: int
    sent: float
    done: float
    wall: float
    server: str
    error: str = ""
    writer: str = ""

    def line(self) -> str:
        words = [self.what, str(self.number), f"{self.sent:.6f}", f"{self.done:.6f}", f"{self.wall:.3f}", self.server or "-", self.error]
        return " ".join(words).rstrip() + "\n"


def parse(line: str, writer: str) -> Event:
    """A line again."""
    words = line.split()
    return Event(words[0], int(words[1]), float(words[2]), float(words[3]), float(words[4]), words[5], words[6] if len(words) > 6 else "", writer)


class Pen:
    """Writes one file."""

    def __init__(self, path: Path) -> None:
        self.handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, what: str, number: int, sent: float, server: str = "", error: str = "") -> None:
        """Keep one event; what was acknowledged is on the disk when this returns."""
        event = Event(what, number, sent, time.monotonic(), time.time(), server, error)
        os.write(self.handle, event.line().encode())
        if what in SYNCED:
            os.fdatasync(self.handle)


@dataclass
class Reader:
    """Reads all files of a directory, each time what is new. A line that is being written waits for the next time."""

    directory: Path
    pattern: str
    offsets: dict[Path, int] = field(default_factory=dict)

    def new(self) -> list[Event]:
        """Events since the last call, in the order of their end."""
        found: list[Event] = []
        for path in sorted(self.directory.glob(self.pattern)):
            with path.open("rb") as stream:
                stream.seek(self.offsets.get(path, 0))
                data = stream.read()
            whole = data[: data.rfind(b"\n") + 1]
            self.offsets[path] = self.offsets.get(path, 0) + len(whole)
            found += [parse(line, path.stem) for line in whole.decode().splitlines()]
        return sorted(found, key=lambda event: event.done)


def acknowledged(events: Iterable[Event]) -> list[Event]:
    """The acknowledged transactions among events."""
    return [event for event in events if event.what == ACK]
