# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what a Redis holds when its persistence changes. PRIVATE to the collection.

A server that starts with appendonly yes reads the append-only file and nothing else: where there is none yet it starts empty, whatever dump.rdb holds. So
the running server writes that file first (CONFIG SET appendonly yes), and is restarted with the new configuration afterwards.
"""

from __future__ import annotations

import dataclasses
import os
import shlex
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._redis import protocol

NOTHING = ""
WRITE = "write the append-only file"
WAIT = "wait for the append-only file"


@dataclasses.dataclass(frozen=True)
class Disk:
    """What the host has, by its present redis.conf. snapshot, log: paths of the dump and of the append-only file, empty when there are no data in it."""

    snapshot: str = ""
    directory: str = ""
    appendonly: bool = False
    log: str = ""


@dataclasses.dataclass(frozen=True)
class Running:
    """What the running server says."""

    appendonly: bool
    directory: str
    keys: int
    writing: bool = False  # the append-only file is being written, or will be
    problem: str = ""  # why it was not written


def look(client: protocol.Client) -> Running:
    """Ask the server. Raises RedisError, OSError."""
    seen = protocol.settings(client.call("CONFIG", "GET", "appendonly")) | protocol.settings(client.call("CONFIG", "GET", "dir"))
    facts = protocol.info(client.call("INFO", "persistence"))
    keys = sum(int(value.split(",")[0].partition("=")[2]) for name, value in protocol.info(client.call("INFO", "keyspace")).items() if name.startswith("db"))
    writing = facts.get("aof_rewrite_in_progress") == "1" or facts.get("aof_rewrite_scheduled") == "1"
    failed = facts.get("aof_last_bgrewrite_status", "ok") != "ok" or facts.get("aof_last_write_status", "ok") != "ok"
    return Running(seen.get("appendonly") == "yes", seen.get("dir", ""), keys, writing, "the rewrite failed" if failed else "")


def disk(configuration: str, directory: str) -> Disk:
    """Look at the files. directory: where the data are when the configuration does not say."""
    found = {"dir": directory, "dbfilename": "dump.rdb", "appendonly": "no", "appenddirname": "appendonlydir", "appendfilename": "appendonly.aof"}
    try:
        with open(configuration, encoding="utf-8", errors="replace") as stream:
            for words in (line.split(None, 1) for line in stream):
                if len(words) == 2 and words[0].lower() in found:
                    found[words[0].lower()] = words[1].strip().strip("\"'")
    except OSError:
        pass
    path = os.path.join(found["dir"], found["dbfilename"])
    snapshot = path if os.path.isfile(path) and os.path.getsize(path) > 0 else ""
    return Disk(snapshot, found["dir"], found["appendonly"].lower() == "yes", logged(found["dir"], found["appenddirname"], found["appendfilename"]))


def logged(directory: str, folder: str, name: str) -> str:
    """Where an append-only file holds data: a folder of pieces beside a list of them, and one file before Redis 7."""
    single, pieces = os.path.join(directory, name), os.path.join(directory, folder)
    if os.path.isfile(single) and os.path.getsize(single) > 0:
        return single
    held = os.listdir(pieces) if os.path.isdir(pieces) else []
    return pieces if any(not one.endswith(".manifest") and os.path.getsize(os.path.join(pieces, one)) > 0 for one in held) else ""


def decide(appendonly: bool, directory: str, service: str, found: Disk, running: t.Optional[Running], why: str = "") -> tuple[str, str]:
    """What to do before a server is configured, and why the run must end instead (a sentence).

    appendonly, directory: as it will be configured. running: None when no server answered; why says how. service: its unit.
    """
    kept = found.snapshot or (found.log if found.appendonly else "")
    holder = running.directory if running is not None and running.keys else found.directory if running is None and kept else ""
    if holder and os.path.realpath(holder) != os.path.realpath(directory):
        what = f"The running Redis holds {running.keys} keys, kept in {holder}" if running is not None else f"{kept} holds data"
        return NOTHING, (
            f"{what}; redis_data_dir is {directory}, where Redis would start without them. Nothing was changed. Expected: the directory of the data."
            f" Next: set redis_data_dir: {holder}; or, when the data are not needed: systemctl stop {service}; "
            f"mv {shlex.quote(holder)} {shlex.quote(holder + '.old')}"
        )
    if running is not None:
        if not appendonly:
            return NOTHING, ""
        if not running.appendonly:
            return WRITE, ""
        return (WAIT if running.writing else NOTHING), ""
    if appendonly and found.snapshot and not found.appendonly:
        return NOTHING, (
            f"{found.snapshot} holds data, and no Redis answers that could write them into an append-only file ({why}): with redis_appendonly it would start"
            f" empty. Nothing was changed. Expected: a running server with the role's passwords or none. Next: systemctl start {service}; redis-cli CONFIG SET"
            f" appendonly yes; then run this again (or set redis_appendonly: false)."
        )
    if not appendonly and found.log and found.appendonly:
        return NOTHING, (
            f"{found.log} holds data, and no Redis answers that could write them into a snapshot ({why}): without redis_appendonly it would start with those of"
            f" {found.snapshot or 'no snapshot'}. Nothing was changed. Expected: a running server with the role's passwords or none. Next: systemctl start"
            f" {service}; redis-cli SAVE; then run this again (or set redis_appendonly: true)."
        )
    return NOTHING, ""
