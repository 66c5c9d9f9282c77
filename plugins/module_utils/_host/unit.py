# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and judging the state of a systemd unit. PRIVATE to the collection."""

from __future__ import annotations

import os
import time
import typing as t
from dataclasses import dataclass, field

# Properties with units that this one starts or takes with it; nobody else looks at their files.
RELATED = ("Triggers", "ConsistsOf", "OnFailure")

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "NeedDaemonReload",
    "ExecMainStartTimestampMonotonic",
    "StateChangeTimestampMonotonic",
    "MainPID",
    "Result",
    "ExecMainStatus",
    "NRestarts",
    "Job",
    "FragmentPath",
    "DropInPaths",
    "Names",
    *RELATED,
)

# Where administrators (and roles) put units, before the places of packages.
ROOTS = ("/etc/systemd/system", "/run/systemd/system")

RUNNING = ("active", "reloading")
BOOTED = "/run/systemd/system"


def booted() -> bool:
    """Whether systemd is the init (sd_booted): where it is not, no unit runs, and its programs fail."""
    return os.path.isdir(BOOTED)


@dataclass
class State:
    """What systemd says about a unit."""

    loaded: bool
    active: bool
    enabled: bool
    needs_reload: bool
    started_at: float  # wall clock; 0 when it never ran
    changed_at: float  # last change of state, which a reload is, too
    pid: int
    busy: bool  # a job is queued or running
    fragment: str  # the unit file
    drop_ins: list[str]
    names: list[str]  # the unit's name and its aliases
    text: str  # for messages
    related: list[str] = field(default_factory=list)  # units by RELATED
    restarting: bool = False  # it died, and systemd starts it again in a moment


def parse(output: str, wall: t.Optional[float] = None, monotonic: t.Optional[float] = None) -> State:
    """The output of systemctl show as a State. The clocks are parameters for tests."""
    values = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    wall = time.time() if wall is None else wall
    monotonic = time.clock_gettime(time.CLOCK_MONOTONIC) if monotonic is None else monotonic

    def moment(name: str) -> float:
        """Time since boot as wall clock."""
        since = int(values.get(name) or 0) / 1e6
        return wall - (monotonic - since) if since else 0.0

    active = values.get("ActiveState", "inactive")
    detail = f"{active} ({values.get('SubState', '')})"
    if values.get("Result") not in (None, "", "success"):
        detail += f", result {values['Result']}, exit status {values.get('ExecMainStatus', '?')}, {values.get('NRestarts', '?')} restarts"
    return State(
        loaded=values.get("LoadState") == "loaded",
        active=active in RUNNING,
        enabled=values.get("UnitFileState") in ("enabled", "static", "alias", "generated", "indirect"),
        needs_reload=values.get("NeedDaemonReload") == "yes",
        started_at=moment("ExecMainStartTimestampMonotonic"),
        changed_at=moment("StateChangeTimestampMonotonic"),
        pid=int(values.get("MainPID") or 0),
        busy=(values.get("Job") or "0") not in ("0", ""),
        fragment=values.get("FragmentPath", ""),
        drop_ins=values.get("DropInPaths", "").split(),
        names=values.get("Names", "").split(),
        text=detail,
        related=related(output),
        restarting=values.get("SubState") == "auto-restart",
    )


def related(output: str) -> list[str]:
    """Names in the output of systemctl show, of one unit or of several."""
    pairs = [line.split("=", 1) for line in output.splitlines() if "=" in line]
    return list(dict.fromkeys(name for key, value in pairs if key in RELATED for name in value.split()))


def unseen(state: State, roots: t.Sequence[str] = ROOTS) -> list[str]:
    """Files of the unit that systemd has not read, or that are gone.

    NeedDaemonReload does not tell: systemd remembers which directories existed at its last reload, so it does not notice
    the first drop-in of a unit, nor a unit file that now hides the one of a package.
    """
    found = []
    for root in roots:
        for name in state.names:
            unit, directory = os.path.join(root, name), os.path.join(root, f"{name}.d")
            if os.path.isfile(unit) and not os.path.islink(unit) and state.fragment and not state.fragment.startswith(tuple(roots)):
                found.append(unit)
            if os.path.isdir(directory):
                paths = [os.path.join(directory, entry) for entry in sorted(os.listdir(directory)) if entry.endswith(".conf")]
                found += [path for path in paths if path not in state.drop_ins]
    return found + [path for path in [state.fragment, *state.drop_ins] if path and not os.path.exists(path)]


def failed(output: str) -> bool:
    """The unit has given up, or is starting for the fourth time."""
    values = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    if values.get("ActiveState") == "failed":
        return True
    return values.get("SubState") == "auto-restart" and int(values.get("NRestarts") or 0) >= 3


def younger(paths: t.Iterable[str], started_at: float) -> list[str]:
    """The files written after the process started.

    A missing file is not younger. Neither is one from the future: it was written before the clock was set back,
    and would ask for a restart in each run.
    """
    found = []
    now = time.time()
    for path in paths:
        try:
            if started_at < os.stat(path).st_mtime <= now:
                found.append(path)
        except OSError:
            continue
    return found


def other_executable(pid: int, executable: t.Optional[str], proc: str = "/proc") -> str:
    """What the process runs, when that is not the file the executable points to now; else an empty string."""
    if not executable or not pid:
        return ""
    try:
        running = os.readlink(f"{proc}/{pid}/exe")
    except OSError:
        return ""
    return "" if running == os.path.realpath(executable) else running


def restart_reason(state: State, paths: t.Sequence[str], executable: t.Optional[str], proc: str = "/proc") -> str:
    """Why a running unit has to be restarted; empty when it has not."""
    if not state.active or not state.started_at:
        return ""
    files = younger(dict.fromkeys([*paths, state.fragment, *state.drop_ins, *unseen(state)]), state.started_at)
    if files:
        return f"{', '.join(files)} changed after the start"
    other = other_executable(state.pid, executable, proc)
    return f"it runs {other}, not {executable}" if other else ""


def reload_reason(state: State, paths: t.Sequence[str]) -> str:
    """Why a running unit has to be reloaded; empty when it has not."""
    if not state.active or not state.changed_at:
        return ""
    files = younger(paths, state.changed_at)
    return f"{', '.join(files)} changed after the last reload" if files else ""
