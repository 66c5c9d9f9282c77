# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: several measurements side by side, each in a process of its own.

Processes rather than threads: connections, name resolution and Ansible's module keep their state in objects that two threads would share.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

Job = Callable[[], Any]


def guarded(job: Job) -> Any:
    """A job's answer; whatever goes wrong is an answer, too."""
    try:
        return job()
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return {"failed": True, "msg": lines[0] if lines else type(error).__name__}


def start(job: Job) -> tuple[int, int]:
    """Process id, and the end of the pipe where its answer arrives."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    status = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            json.dump(guarded(job), pipe, default=str)
        status = 0
    finally:
        os._exit(status)  # nothing of the parent may run in here


def finish(pid: int, reading: int) -> Any:
    """Wait for the answer."""
    with os.fdopen(reading, encoding="utf-8", errors="replace") as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    try:
        return json.loads(text)
    except ValueError:
        return {"failed": True, "msg": "the measurement ended without an answer"}


def run_all(jobs: Sequence[Job]) -> list[Any]:
    """Answers in the order of the jobs. One job alone has a process, too: it may change what it likes in it."""
    return [finish(*process) for process in [start(job) for job in jobs]]
