# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the directory of certificates: read, replaced as a whole, and in check mode only remembered. PRIVATE to the collection."""

from __future__ import annotations

import os
import stat
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read as certs

if t.TYPE_CHECKING:
    from cryptography import x509


class Unusable(Exception):
    """The store cannot do its work; the text is a sentence for the operator."""


def describe(certificate: x509.Certificate) -> str:
    """A certificate in a diff."""
    names, addresses = certs.alternative_names(certificate)
    hosts = f" for {', '.join(names + addresses)}" if names or addresses else ""
    return f"{certs.subject(certificate)}{hosts}, until {certificate.not_valid_after_utc:%Y-%m-%d}"


class Files:
    """Every change is in changes as (before, after), whether it was made or, in check mode, not."""

    def __init__(self, directory: str, check_mode: bool) -> None:
        self.directory = directory
        self.check_mode = check_mode
        self.changes: list[tuple[str, str]] = []
        self._pretended: dict[str, t.Optional[bytes]] = {}

    def path(self, name: str) -> str:
        """Path of a file of the directory."""
        return os.path.join(self.directory, name)

    def read(self, path: str) -> t.Optional[bytes]:
        """Content as this run has left it, None when there is none."""
        return self._pretended[path] if path in self._pretended else certs.read(path)

    def put(self, path: str, data: bytes, mode: int, note: str = "") -> bool:
        """A file with this content and mode, replaced as a whole. True when that is a change."""
        present = self.read(path)
        if present == data:
            return self.mode(path, mode)
        self.changes.append((f"{path}: {'absent' if present is None else 'another content'}\n", f"{path}: {note or 'written'}\n"))
        if self.check_mode:
            self._pretended[path] = data
            return True
        os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
        beside = f"{path}.new"
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
        return True

    def remove(self, path: str) -> bool:
        """No file. True when that is a change."""
        if self.read(path) is None:
            return False
        self.changes.append((f"{path}: there\n", f"{path}: absent\n"))
        if self.check_mode:
            self._pretended[path] = None
        else:
            os.unlink(path)
        return True

    def mode(self, path: str, mode: int) -> bool:
        """The mode of a file that is there."""
        if path in self._pretended:
            return False
        seen = stat.S_IMODE(os.stat(path).st_mode)
        if seen == mode:
            return False
        self.changes.append((f"{path}: mode {seen:04o}\n", f"{path}: mode {mode:04o}\n"))
        if not self.check_mode:
            os.chmod(path, mode)
        return True
