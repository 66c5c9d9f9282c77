# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: alone in a directory in which two runs would make the same thing twice, such as secrets or the CA."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import typing as t

LOCK = ".lock"
PATIENCE = 60.0  # seconds; another run holds the lock for as long as it takes to write a few files


class Locked(Exception):
    """Another run makes secrets or certificates in this directory. The text is for the operator."""


def taken(handle: int, patience: float) -> bool:
    """Take the lock of an open file or directory for this process alone; False when somebody has held it for so many seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)


@contextlib.contextmanager
def alone(directory: str, patience: float = PATIENCE) -> t.Iterator[None]:
    """Alone in a directory, which is made (0700). The lock ends with the process, whatever ends that. Raises Locked after patience seconds."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    path = os.path.join(directory, LOCK)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if not taken(handle, patience):
            raise Locked(
                f"Another run has been making secrets or certificates in {directory} for {patience:.0f} s and holds {path}. Nothing was changed. "
                f"Next: fuser -v {path} shows it; run again when it has ended."
            )
        yield
    finally:
        os.close(handle)
