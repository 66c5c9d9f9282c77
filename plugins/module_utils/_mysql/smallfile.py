# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files that are there whole or as they were, also after a power cut. PRIVATE to the collection."""

from __future__ import annotations

import json
import os
import tempfile
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._sync import sync


def read_json(path: str) -> dict[str, t.Any]:
    """An object; empty when there is none or it is broken."""
    try:
        with open(path, encoding="utf-8") as stream:
            found = json.load(stream)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_text(path: str, text: str, mode: int = 0o644) -> None:
    """Replace a file in one step."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.chmod(name, mode)
    os.rename(name, path)
    # The next step may change another file system, whose journal does not wait for this one's.
    sync(folder)


def write_json(path: str, content: t.Mapping[str, t.Any]) -> None:
    """Replace an object in one step."""
    write_text(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
