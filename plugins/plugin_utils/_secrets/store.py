# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: secrets in files of the controller. Reading them never makes one; making them takes a lock and is done once."""

from __future__ import annotations

import os
import secrets
import string
import tempfile
from collections.abc import Sequence

from ...module_utils._host.lock import alone

LENGTH = 32
ALPHABET = string.ascii_letters + string.digits  # W&B puts them into addresses without encoding


def path_of(directory: str, name: str) -> str:
    return os.path.join(os.path.expanduser(directory), name)


def read(directory: str, name: str) -> str | None:
    """A secret as it is to be used; None when there is none. Files of Ansible's own password lookup may carry a salt.

    Raises OSError, or ValueError where it is no text.
    """
    try:
        with open(path_of(directory, name), encoding="utf-8") as handle:
            return handle.read().rstrip("\r\n").split(" salt=")[0]
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise ValueError("it holds bytes that are no text in UTF-8") from error


def missing(directory: str, names: Sequence[str]) -> list[str]:
    """The names that have no file yet."""
    return [name for name in names if not os.path.exists(path_of(directory, name))]


def make(directory: str, names: Sequence[str]) -> list[str]:
    """A new secret for each name that has no file, each whole or not there. Returns the names that were made."""
    directory = os.path.expanduser(directory)
    with alone(directory):
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
