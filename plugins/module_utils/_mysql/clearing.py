# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody stands in the way of what comes next: wait, then refuse, or end the sessions when a person said so. PRIVATE to the collection."""

from __future__ import annotations

import time
import typing as t

from . import sessions
from .server import NO_SUCH_SESSION, Problem, Server, Statement

REFUSE = "refuse"
END = "end"


def kill(server: Server, one: sessions.Session, deadline: int) -> None:
    """End a session. One that has ended by itself meanwhile is no error."""
    try:
        server.change(Statement(f"KILL {one.id}", deadline=deadline))
    except Problem as problem:
        if f"(error {NO_SUCH_SESSION})" not in str(problem):
            raise


def clear(server: Server, purpose: str, own: t.Sequence[str], blocking: str, wait: int, deadline: int = 10) -> list[str]:
    """Returns what was waited for or ended, in words. wait: seconds. Changes nothing before it refuses."""
    first = left = sessions.blocking(server, purpose, own)
    if blocking == END:
        for one in first:
            kill(server, one, deadline)
        if server.check_mode:
            return [f"would end: {one}" for one in first]
    end = time.monotonic() + wait
    while left:
        if time.monotonic() > end:
            raise Problem(sessions.refusal(server.name, left, wait))
        time.sleep(0.1)
        left = sessions.blocking(server, purpose, own)
    return [f"{'ended' if blocking == END else 'waited for'}: {one}" for one in first]
