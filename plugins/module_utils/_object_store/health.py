# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health and usage of a set of servers, out of what its administration interface and the mirror's status say. PRIVATE to the collection."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import time
import typing as t


class MirrorStatus(t.TypedDict, total=False):
    """status.json, as the program minio-backup writes it. Times in seconds since 1970; what the last good run counted stays when a later one fails."""

    began: float
    attempt: float
    success: int
    problem: str
    max_age_hours: float
    place: str
    objects: int
    bytes: int
    new: int
    moved_aside: int
    under_hash: int
    compared: int
    read_back: int
    repaired: int
    seconds: float


class Mirror(MirrorStatus, total=False):
    """What minio_backup_info returns as mirror: the status, judged. Where no mirror has told anything only problem and configured."""

    configured: bool
    age_hours: t.Optional[float]


def summary(info: t.Mapping[str, t.Any], quota: int, bucket: str) -> dict[str, t.Any]:
    """Servers and drives that are there and that are not, and how full they are, from the document of the request info."""
    servers = info.get("servers") or []
    drives = [drive for server in servers for drive in server.get("drives") or []]
    # The fullest: an object has a part on each drive of its set, so that one full drive ends the writes however empty the others are.
    filled = [100 * int(drive.get("usedspace") or 0) / int(drive["totalspace"]) for drive in drives if drive.get("totalspace")]
    return {
        "version": ", ".join(sorted({str(server.get("version") or "unknown") for server in servers})),
        "servers": len(servers),
        "servers_away": sorted(str(server.get("endpoint")) for server in servers if server.get("state") != "online"),
        "drives": len(drives),
        "drives_away": sorted(str(drive.get("endpoint") or drive.get("path")) for drive in drives if drive.get("state") != "ok"),
        "healing": sorted(str(drive.get("endpoint") or drive.get("path")) for drive in drives if drive.get("healing")),
        "parity": (info.get("backend") or {}).get("standardSCParity"),
        "bytes": int((info.get("usage") or {}).get("size") or 0),
        "objects": int((info.get("objects") or {}).get("count") or 0),
        "used_percent": round(max(filled), 1) if filled else None,
        "bucket": bucket,
        "quota": quota,
    }


def mirror(path: str) -> Mirror:
    """What the last runs of the mirror told; configured is false when there is no such file."""
    try:
        with open(path, encoding="utf-8") as handle:
            told: MirrorStatus = json.load(handle)
    except (OSError, ValueError) as error:
        return {"configured": False, "problem": str(error)}
    if not isinstance(told, dict):
        return {"configured": False, "problem": "it holds no mapping"}
    age = round((time.time() - told["success"]) / 3600, 2) if "success" in told else None
    problem = told.get("problem") or cut_off(told, os.path.join(os.path.dirname(path), "lock")) or ahead(age)
    found: Mirror = {"configured": True, "age_hours": age, **told, "problem": problem}
    return found


def ahead(age_hours: t.Optional[float]) -> str:
    """A sentence about a success of a clock that was ahead: it would be young until that time has come."""
    if age_hours is None or age_hours >= -1:
        return ""
    return f"the last good run is dated {-age_hours:.0f} h after now, by a clock that was wrong. Next: systemctl start minio-backup.service"


def cut_off(told: MirrorStatus, lock: str) -> str:
    """A sentence about a run that began and never said how it ended; empty while one is at work, which holds the lock."""
    if told.get("began", 0) <= told.get("attempt", 0):
        return ""
    try:
        with open(lock, encoding="ascii", errors="replace") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return ""
    except OSError:  # no lock, so nobody holds it
        pass
    began = dt.datetime.fromtimestamp(told["began"], dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return f"the run that began at {began} ended without a word: killed, or out of memory. Next: journalctl -u minio-backup.service"
