# Copyright: onprem.wandb contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock behind the callback plugin layers."""

from __future__ import annotations

import typing as t
from pathlib import PurePath


def layer_of(role: str, path: str, playbook: str) -> str:
    """The layer of a task: its role without the collection's name, or the playbook file it stands in."""
    if role:
        return role.rsplit(".", 1)[-1]
    return PurePath(path.rsplit(":", 1)[0]).stem or playbook


class Clock:
    """Seconds and tasks per layer, in the order in which the layers began."""

    def __init__(self, now: float) -> None:
        self.begun = now
        self.ended = now
        self.tasks: list[dict[str, t.Any]] = []
        self._since = now

    def start(self, layer: str, task: str, now: float) -> None:
        """A task starts, so the one before it is over."""
        self._close(now)
        self.tasks.append({"layer": layer, "task": task, "seconds": 0.0})
        self._since = now

    def stop(self, now: float) -> None:
        """The run is over."""
        self._close(now)
        self.ended = now

    def _close(self, now: float) -> None:
        if self.tasks:
            self.tasks[-1]["seconds"] = round(now - self._since, 2)
        self._since = now

    def layers(self) -> list[dict[str, t.Any]]:
        """One row per layer."""
        rows: dict[str, dict[str, t.Any]] = {}
        for task in self.tasks:
            row = rows.setdefault(task["layer"], {"layer": task["layer"], "seconds": 0.0, "tasks": 0})
            row["seconds"] = round(row["seconds"] + task["seconds"], 2)
            row["tasks"] += 1
        return list(rows.values())

    def report(self) -> dict[str, t.Any]:
        """All of it, as data."""
        return {"seconds": round(self.ended - self.begun, 2), "tasks": len(self.tasks), "layers": self.layers(), "each": self.tasks}


def table(clock: Clock) -> str:
    """All of it, as text."""
    rows = clock.layers()
    rows.append({"layer": "all", "seconds": clock.ended - clock.begun, "tasks": len(clock.tasks)})
    width = max(len(row["layer"]) for row in rows)
    lines = ["", f"{'LAYER':{width}} {'seconds':>9} {'tasks':>6}"]
    return "\n".join([*lines, *(f"{row['layer']:{width}} {row['seconds']:9.1f} {row['tasks']:6d}" for row in rows)])
