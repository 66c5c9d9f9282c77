"""The load: writers and probes as processes of their own, and waiting for what they see."""

from __future__ import annotations

import fcntl
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from . import look, probe, writer
from .book import ACK, Event, Reader
from .client import now
from .judge import Book
from .pair import LedgerError, Pair, wait_for

ANSWER = 5.0  # seconds a writer waits for an answer: shorter than most applications wait, longer than any healthy commit takes


class Load:
    """Writers and probes; a context manager, so that nothing is left running."""

    def __init__(self, pair: Pair, directory: Path, writers: int = 8, pause: float = 0.02, answer: float = ANSWER) -> None:
        self.pair, self.directory, self.writers, self.pause, self.answer = pair, directory, writers, pause, answer
        self.book = Book()
        self.wrote, self.probed = Reader(directory, "writer-*"), Reader(directory, "probe-*")
        self.events: list[Event] = []  # of writers, since the last cut
        self.answers: list[Event] = []  # of probes, since the last cut
        self.processes: list[Any] = []
        self.alone: IO[str] | None = None  # two loads on one pair spoil each other's books

    def __enter__(self) -> Load:
        self.alone = (self.pair.state / "load.lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(self.alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LedgerError(f"another load works on the pair of {self.pair.state}. Next: end it, or use a lab of its own (LAB_NAME).") from error
        self.directory.mkdir(parents=True, exist_ok=True)
        for path in [*self.directory.glob("writer-*"), *self.directory.glob("probe-*")]:
            path.unlink()
        self.tables()
        fork = multiprocessing.get_context("fork")
        account = self.pair.account
        for number in range(1, self.writers + 1):
            self.start(fork, writer.write, self.pair.addresses, account, number, self.directory / f"writer-{number}", self.pause, self.answer)
        for host, address in self.pair.hosts.items():
            self.start(fork, probe.probe, host, address, account, self.directory / f"probe-{host}")
        try:
            self.wait_acks(5 * self.writers, 30, "the writers' first transactions")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def start(self, fork: Any, target: Callable[..., None], *arguments: Any) -> None:
        process = fork.Process(target=target, args=arguments, daemon=True)
        process.start()
        self.processes.append(process)

    def tables(self) -> None:
        """New tables, on the primary."""
        session = look.session(self.pair, look.primary(self.pair))
        try:
            writer.create(session)
            probe.create(session, list(self.pair.hosts))
        finally:
            session.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join(10)
        self.processes = []
        if self.alone:
            self.alone.close()

    def read(self) -> None:
        """What was written since the last reading."""
        dead = [process.name for process in self.processes if not process.is_alive()]
        if dead:
            raise LedgerError(f"writers or probes have ended by themselves: {', '.join(dead)}. What they printed is above.")
        fresh = self.wrote.new()
        self.book.take(fresh)
        self.events += fresh
        self.answers += self.probed.new()

    def cut(self, when: float) -> None:
        """Forget the events before a time; the book keeps the numbers."""
        self.read()
        self.events = [event for event in self.events if event.done >= when]
        self.answers = [event for event in self.answers if event.done >= when]

    @property
    def acks(self) -> list[Event]:
        """Acknowledgements of writers and probes since the last cut."""
        return [event for event in [*self.events, *self.answers] if event.what == ACK]

    def wait_acks(self, count: int, seconds: float, what: str, since: float | None = None) -> float:
        """Until the writers got so many acknowledgements of transactions sent from now on."""
        begin = now() if since is None else since

        def seen() -> str:
            self.read()
            there = sum(1 for event in self.events if event.what == ACK and event.sent >= begin)
            return "" if there >= count else f"{there} of {count} acknowledgements"

        return wait_for(what, seconds, seen)
