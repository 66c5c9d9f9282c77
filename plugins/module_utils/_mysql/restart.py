# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart of a server that serves: what makes its shutdown long is done before, and what it cost is measured. PRIVATE to the collection."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

from .server import Server, Statement

MIB = 1 << 20
ENOUGH = 16 * MIB  # dirty pages that a shutdown writes within a moment; an application that goes on makes new ones all the time
STALLED = 10.0  # seconds without progress, after which waiting longer gains nothing
FIXED = 3.0  # seconds of a shutdown without dirty pages: sessions, threads, the end of the process
SLOW = 20 * MIB  # bytes a second; a guess for a disk that has not been measured, on the careful side
LIMIT = "innodb_max_dirty_pages_pct"
LOW = "innodb_max_dirty_pages_pct_lwm"
DEFAULTS = {LIMIT: "90", LOW: "10"}


@dataclass(frozen=True)
class Flushed:
    """What was written before the shutdown. Bytes and seconds; writing: until it got no less, without the wait that followed."""

    before: int
    after: int
    seconds: float
    writing: float = 0.0

    @property
    def rate(self) -> float:
        """Bytes a second."""
        written = self.before - self.after
        return written / self.writing if self.writing > 0.5 and written > ENOUGH else float(SLOW)

    def estimate(self, dirty: int) -> float:
        """Seconds of a shutdown with so many dirty bytes."""
        return round(FIXED + dirty / max(self.rate, 1.0), 1)

    def sentence(self, name: str) -> str:
        """For people, before the restart."""
        wrote = f"{(self.before - self.after) / MIB:.0f} MiB of changed pages were written in {self.seconds:.1f} s while it served" if self.seconds else ""
        left = f"{self.after / MIB:.0f} MiB are left"
        saved = f" (about {self.estimate(self.before):.0f} s without that)" if wrote else ""
        return f"{name}: is restarted now. {wrote + ', ' if wrote else ''}{left}: its shutdown will take about {self.estimate(self.after):.0f} s{saved}."


def dirty(server: Server) -> int:
    """Bytes of the buffer pool that a shutdown has to write."""
    return int(server.status("Innodb_buffer_pool_bytes_dirty").get("innodb_buffer_pool_bytes_dirty", "0"))


def before(found: dict[str, str]) -> dict[str, str]:
    """The limits as they are to be afterwards: a 0 was left behind by a run that was killed, and is no limit that anybody sets."""
    return {name: DEFAULTS[name] if name == LIMIT and float(found[name]) == 0 else found[name] for name in (LIMIT, LOW) if name in found}


def flush(server: Server, seconds: int) -> Flushed:
    """Write dirty pages while the application goes on. The limits are set back whatever happens."""
    first = now = dirty(server)
    begin = time.monotonic()
    limits = before(server.variables(LIMIT, LOW))
    if first <= ENOUGH or server.check_mode or not limits:
        return Flushed(first, first, 0.0)
    server.change(Statement(f"SET GLOBAL {LIMIT} = 0", deadline=10))
    best, progress = first, begin
    try:
        while now > ENOUGH and time.monotonic() - begin < seconds and time.monotonic() - progress < STALLED:
            time.sleep(0.2)
            now = dirty(server)
            if now < best:
                best, progress = now, time.monotonic()
    finally:
        for name, value in limits.items():
            server.change(Statement(f"SET GLOBAL {name} = {float(value)}", deadline=10))
    return Flushed(first, now, time.monotonic() - begin, progress - begin)


Times = t.Mapping[str, int]


def properties(text: str) -> dict[str, int]:
    """Numbers of `systemctl show`, microseconds of the monotonic clock."""
    pairs = [line.split("=", 1) for line in text.splitlines() if "=" in line]
    return {name: int(value) for name, value in pairs if value.isdigit()}


def outage(server: Times, guard: Times) -> t.Optional[dict[str, float]]:
    """Seconds of the last restart: the shutdown, the start, until the role guard had opened the server, and all of it. None while the guard is at it."""
    stopped, gone = server.get("ActiveExitTimestampMonotonic", 0), server.get("InactiveEnterTimestampMonotonic", 0)
    began, ready = server.get("InactiveExitTimestampMonotonic", 0), server.get("ActiveEnterTimestampMonotonic", 0)
    opened = guard.get("InactiveEnterTimestampMonotonic", 0)
    if not stopped or not stopped <= gone <= began <= ready or opened < ready:
        return None
    parts = {"shutdown": gone - stopped, "start": ready - began, "opening": opened - ready, "all": opened - stopped}
    return {name: round(value / 1e6, 1) for name, value in parts.items()}
