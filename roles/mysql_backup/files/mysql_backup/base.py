# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part needs: sentences for people, times, directories, locks."""

from __future__ import annotations

import datetime
import fcntl
import os
import shutil
import sys
import time
import typing as t
from contextlib import contextmanager

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem

from .config import Home

GIB = 1024**3


class Busy(Problem):
    """Another run is at work."""


def say(text: str) -> None:
    """For the journal."""
    print(text, flush=True)


def complain(text: str) -> None:
    """For the journal, as an error."""
    print(text, file=sys.stderr, flush=True)


def now() -> datetime.datetime:
    """UTC."""
    return datetime.datetime.now(datetime.timezone.utc)


def iso(moment: datetime.datetime) -> str:
    """As files and people have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime.datetime:
    """2026-11-23T14:02:59Z, or with a blank and fractions of a second, always UTC."""
    clean = text.strip().rstrip("Z").replace("T", " ")
    form = "%Y-%m-%d %H:%M:%S.%f" if "." in clean else "%Y-%m-%d %H:%M:%S"
    return datetime.datetime.strptime(clean, form).replace(tzinfo=datetime.timezone.utc)


def size(count: float) -> str:
    """Bytes for people."""
    for unit, step in (("GiB", GIB), ("MiB", 1024**2)):
        if count >= step:
            return f"{count / step:.1f} {unit}"
    return f"{count / 1024:.0f} KiB"


def remove(path: str) -> None:
    """A directory or file, if it is there."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def empty(path: str) -> None:
    """A directory with nothing in it; it may be a mount point."""
    os.makedirs(path, exist_ok=True)
    for name in os.listdir(path):
        if name != "lost+found":
            remove(os.path.join(path, name))


def free_bytes(path: str) -> int:
    """Space for root on the file system of a path; missing directories count as those above them."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return shutil.disk_usage(path).free


@contextmanager
def lock(home: Home, name: str, seconds: float = 0) -> t.Iterator[None]:
    """One run of a kind at a time on this host; it ends with the process, however that ends. seconds: how long another run is waited for."""
    os.makedirs(home.state_dir, exist_ok=True)
    end = time.monotonic() + seconds
    with open(os.path.join(home.state_dir, f".lock-{name}"), "w", encoding="utf-8") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() >= end:
                    raise Busy(
                        f"{home.host}: another run of mysql-backup holds the lock {stream.name}"
                        + (f", and has not ended within {seconds:.0f} s" if seconds else "")
                        + ". Next: systemctl list-units 'mysql-backup@*' shows it; wait for it; lsof "
                        + stream.name
                    ) from error
            time.sleep(0.1)
        yield
