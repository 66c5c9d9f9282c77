# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: secrets in files of the controller. Reading them never makes one; making them takes a lock and is done once."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import string
import tempfile
import time
from collections.abc import Iterator, Sequence

LENGTH = 32
ALPHABET = string.ascii_letters + string.digits  # W&B puts them into addresses without encoding
LOCK = ".lock"
PATIENCE = 60.0  # seconds; another run holds the lock for as long as it takes to write a few files


class Locked(Exception):
    """Another run makes secrets or certificates in this directory. The text is for the operator."""


def path_of(directory: str, name: str) -> str:
    return os.path.join(os.path.expanduser(directory), name)


def read(directory: str, name: str) -> str | None:
    """A secret as it is to be used; None when there is none. Files of Ansible's own password lookup may carry a salt."""
    try:
        with open(path_of(directory, name), encoding="utf-8") as handle:
            return handle.read().rstrip("\r\n").split(" salt=")[0]
    except FileNotFoundError:
        return None


def missing(directory: str, names: Sequence[str]) -> list[str]:
    """The names that have no file yet."""
    return [name for name in names if not os.path.exists(path_of(directory, name))]


@contextlib.contextmanager
def lock(directory: str, patience: float = PATIENCE) -> Iterator[None]:
    """Alone in a directory of secrets, which is made. Ends with the process, whatever ends that. Raises Locked."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    path = os.path.join(directory, LOCK)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Locked(
                        f"Another run has been making secrets or certificates in {directory} for {patience:.0f} s and holds {path}. Nothing was changed. "
                        f"Next: fuser -v {path} shows it; run again when it has ended."
                    ) from None
                time.sleep(0.1)
        yield
    finally:
        os.close(handle)


def make(directory: str, names: Sequence[str]) -> list[str]:
    """A new secret for each name that has no file, each whole or not there. Returns the names that were made."""
    directory = os.path.expanduser(directory)
    with lock(directory):
        return [name for name in names if put_new(path_of(directory, name), "".join(secrets.choice(ALPHABET) for _number in range(LENGTH)) + "\n")]


def put_new(path: str, text: str) -> bool:
    """A file with this content, unless there is one: never half of it, and never over another one."""
    handle, beside = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".new-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            return False
    finally:
        os.unlink(beside)
    return True
