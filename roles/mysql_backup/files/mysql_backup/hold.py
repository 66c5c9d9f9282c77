# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore goes first: backups of this host wait while it stops servers and moves data. The hold ends by itself, so a broken-off restore stops no backup."""

from __future__ import annotations

import os
import subprocess
import typing as t
from contextlib import ExitStack, contextmanager

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.smallfile import read_json, write_json

from . import status
from .base import iso, lock, now, parse, remove, say
from .config import Home

LEASE = 900  # seconds from "all backups wait" to "the servers are stopped"; afterwards no server is there to be backed up
WAIT = 60  # seconds for a stopped run to end
LOCKS = ("work", "ship")


def path(home: Home) -> str:
    """Where it stands."""
    return os.path.join(home.state_dir, "hold.json")


def reason(home: Home) -> str:
    """Why no step may begin now; empty when one may."""
    known = read_json(path(home))
    if not known:
        return ""
    age = (now() - parse(known["at"])).total_seconds()
    return f"a restore to {known['to']} is under way since {known['at']}; at the latest {LEASE // 60} min after that backups go on" if 0 <= age < LEASE else ""


def stop(home: Home, steps: t.Sequence[str]) -> None:
    """End what the timers began: a restore does not wait for the upload of a night. What a stopped run leaves is removed by the next one."""
    running = [step for step in steps if status.killed(home, step)]
    units = [f"mysql-backup@{step}.service" for step in steps]
    done = subprocess.run(["systemctl", "stop", *units], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        say(f"{home.host}: systemctl stop {' '.join(units)}: {done.stderr.strip()}")
    for step in running:
        entry = status.read(home)["steps"].get(step, {})
        if entry.get("started") or "was killed" in entry.get("failure", ""):
            status.stopped(home, step, "it was ended because a restore began")


@contextmanager
def first(home: Home, steps: t.Sequence[str], *names: str) -> t.Iterator[None]:
    """Every lock that is named, or a sentence and nothing changed."""
    stop(home, steps)
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(lock(home, name, WAIT))
        yield


def take(home: Home, to: str) -> None:
    """From here on no step begins; none is at work when this returns."""
    before = read_json(path(home))
    write_json(path(home), {"to": to, "at": iso(now())})
    try:
        with first(home, ("full", "verify", "expire", "ship"), *LOCKS):
            pass
    except BaseException:
        write_json(path(home), before) if before else remove(path(home))
        raise


def release(home: Home) -> dict[str, t.Any]:
    """mysql-backup release: backups go on now."""
    there = os.path.exists(path(home))
    remove(path(home))
    return {"changed": there}
