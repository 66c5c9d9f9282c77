# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text files of a host that somebody else wrote: any bytes, any line ends. What is not changed is written back as it was. PRIVATE to the collection."""

from __future__ import annotations

import os
import typing as t

AS_IT_IS: dict[str, t.Any] = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}


def load(path: str) -> str:
    """The text of a file, for store(). Raises OSError."""
    with open(path, **AS_IT_IS) as handle:
        return handle.read()


def store(number: int, text: str) -> None:
    """Write a text of load() to an open file and close it. On the disk before it is moved into place: XFS shows an empty file after a power cut else."""
    with os.fdopen(number, "w", **AS_IT_IS) as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())


def visible(text: str) -> str:
    """The text for people and for JSON: what is no UTF-8 is shown as U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
