# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore did to this host, in the journal that the modules write, too: one line each, on disk before the next step begins."""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.journal import Journal

from .base import complain

# Step -> what it did, out of its result. Only these change what a server serves, or what is taken for right.
DONE: dict[str, str] = {
    "prepare": "{full} and {binlogs} binary logs are restored in {folder}, up to {gtid_executed}",
    "place": "the data directory holds {full} and {binlogs} binary logs; the old data are in {kept}",
    "set-aside": "the old data are in {kept}",
    "finish": "the restored server takes writes: {tables} tables, {rows} rows",
    "discard-old": "removed {removed}",
    "adopt": "this database is the one whose backups count, from {gtid_executed} on",
}


def tell(path: str, step: str, kind: str, text: str, operation: str, seconds: float = 0.0) -> None:
    """A line. A full disk must not stop a step: discard-old makes the space, and what finish did is done."""
    try:
        Journal(path, operation, step).add(kind, text, seconds)
    except OSError as error:
        complain(f"{path} cannot be written: {error}. mysql-backup {step} is not stopped by that. Next: df -h {os.path.dirname(path)}")


def told(path: str, step: str, to: str, action: t.Callable[[], dict[str, t.Any]]) -> dict[str, t.Any]:
    """Run a step between two lines. A step that changes nothing of that kind is not told."""
    if step not in DONE:
        return action()
    operation = f"restore {to}".strip() if step != "adopt" else "backup"
    started = time.monotonic()
    tell(path, step, "note", "begins", operation)
    try:
        result = action()
    except Exception as error:
        tell(path, step, "failure", str(error), operation, time.monotonic() - started)
        raise
    words = {name: ", ".join(value) if isinstance(value, list) else value for name, value in result.items()}
    text = DONE[step].format_map(words) if result["changed"] else "nothing to do"
    tell(path, step, "note", text, operation, time.monotonic() - started)
    return result
