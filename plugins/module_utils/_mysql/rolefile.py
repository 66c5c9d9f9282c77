# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role this host had last, for the role guard at the next boot. PRIVATE to the collection.

my.cnf opens no server, and the server itself does not know whether it is the primary or a standby that lost its channel: this file does.
"""

from __future__ import annotations

import calendar
import time
import typing as t

from . import smallfile

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def read(path: str) -> dict[str, t.Any]:
    """The record; empty when there is none."""
    return smallfile.read_json(path)


def record(role: str, semi_sync: bool, server_uuid: str, degraded: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
    """What is kept. A record of another server_uuid is of another data directory and counts as none.

    degraded: {since, reason, gtid_executed} while the primary runs knowingly without the promise of its standby.
    """
    return {"role": role, "semi_sync": semi_sync, "server_uuid": server_uuid, "degraded": degraded}


def age(window_of: dict[str, t.Any]) -> int:
    """Seconds since a window began."""
    try:
        return int(time.time() - calendar.timegm(time.strptime(str(window_of.get("since")), FORMAT)))
    except ValueError:
        return 0


def window(reason: str, executed: str) -> dict[str, t.Any]:
    """A degraded window that begins now. executed: GTID set of its beginning."""
    return {"since": time.strftime(FORMAT, time.gmtime()), "reason": reason, "gtid_executed": executed}


def degraded_now(
    kept: dict[str, t.Any], note: dict[str, t.Any], server_uuid: str = "", term: int = 0, source_waits: t.Optional[bool] = None
) -> t.Optional[dict[str, t.Any]]:
    """The degraded window that goes on as far as this host knows, None when there is none. A record counts only for the pair that it is of.

    kept: the role file. note: what mysql_degrade left on a standby, {since, reason, primary, server_uuid, term}; an older release wrote the first three only.
    server_uuid, term: of this server as it runs, empty and 0 when it does not. source_waits: whether the source of this standby waits for it, None when it
    could not be asked.
    """
    mine = server_uuid or str(kept.get("server_uuid") or "")
    if kept.get("role") == "primary":
        # A note is for a standby; on a host that became the primary since, it is of the past.
        return kept.get("degraded") or None if kept.get("server_uuid") == mine else None
    if not note or source_waits:
        return None
    another_server = bool(mine and note.get("server_uuid") and note["server_uuid"] != mine)
    another_primary = term > int(note.get("term", term))
    return None if another_server or another_primary else note


def differs(path: str, wanted: dict[str, t.Any]) -> bool:
    """Whether the file says something else."""
    found = read(path)
    return any(found.get(key) != value for key, value in wanted.items())


def write(path: str, wanted: dict[str, t.Any]) -> None:
    """Replace the file in one step; it survives a power cut."""
    smallfile.write_json(path, {**wanted, "since": time.strftime(FORMAT, time.gmtime())})
