# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done to the server of this host, line by line with its time: for the person who asks afterwards. PRIVATE to the collection."""

from __future__ import annotations

import json
import os
import time
import typing as t

LIMIT = 1 << 20  # bytes; the older half goes when the file grows beyond


class Journal:
    """Appends to the file; a line is on disk before the next statement runs. An empty path keeps none."""

    def __init__(self, path: str, operation: str, state: str) -> None:
        self.path = path
        self.common = {"operation": operation, "state": state}

    def add(self, what: str, text: str, seconds: float = 0.0) -> None:
        """what: statement, note or failure."""
        if not self.path:
            return
        line = json.dumps({"at": stamp(), **self.common, what: text, "seconds": round(seconds, 3)}, ensure_ascii=False)
        self._shorten()
        os.makedirs(os.path.dirname(self.path), mode=0o755, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            os.write(handle, f"{line}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def _shorten(self) -> None:
        try:
            if os.path.getsize(self.path) < LIMIT:
                return
        except OSError:
            return
        with open(self.path, encoding="utf-8", errors="replace") as stream:
            lines = stream.readlines()
        with open(f"{self.path}.new", "w", encoding="utf-8") as stream:
            stream.writelines(lines[len(lines) // 2 :])
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(f"{self.path}.new", self.path)


def stamp() -> str:
    """Now, UTC, with milliseconds."""
    now = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now * 1000) % 1000:03d}Z"


def read(path: str, operation: str = "", last: int = 50) -> list[dict[str, t.Any]]:
    """The last lines, of one operation or of all. A line that a crash cut short is left out."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = stream.readlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and (not operation or entry.get("operation") == operation):
            found.append(entry)
    return found[-last:] if last > 0 else []
