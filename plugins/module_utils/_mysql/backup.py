# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mysql_backup left on a host about its backups, judged by age and not only by failure. PRIVATE to the collection."""

from __future__ import annotations

import calendar
import json
import time
import typing as t


class FullEntry(t.TypedDict):
    """One full backup in the repository. Times everywhere: 2026-11-23T14:02:59Z, empty for never."""

    id: str
    at: str
    host: str
    verified_at: str


class Held(t.TypedDict):
    """What is in the repository, whoever put it there, as this host last saw it. The oldest full comes first."""

    looked_at: str
    fulls: list[FullEntry]
    newest_binlog_at: str
    verified_at: str


class StepEntry(t.TypedDict, total=False):
    """The last run of one step on this host. started: not empty while it runs. acted: false when this host did nothing, with the reason in why.

    fault: that reason is nothing that should last, such as a stopped replication; false when another host does it. invocation: systemd's name of the run.
    """

    started: str
    last_run: str
    acted: bool
    why: str
    fault: bool
    invocation: str
    failure: str
    failed_at: str
    last_success: str
    result: dict[str, t.Any]


class Limits(t.TypedDict):
    """Ages in seconds after which a reader complains."""

    full: float
    verify: float
    ship: float


class StatusFile(t.TypedDict, total=False):
    """status.json, as mysql-backup writes it. A test compares what it writes with this."""

    host: str
    site: str
    written_at: str
    limits: Limits
    steps: dict[str, StepEntry]
    repository: Held


class _Always(t.TypedDict):
    configured: bool
    problem: str


class Backups(_Always, total=False):
    """What mysql_replica_info returns as backup: for mysql_status, for the rows of verify. Only the first two where there is nothing to judge."""

    accepted_none: bool
    last_full: str
    last_full_at: str
    last_full_age_seconds: t.Optional[int]
    verified_at: str
    verified_age_seconds: t.Optional[int]
    newest_binlog_at: str
    ships: bool
    ship_why: str
    ship_fault: bool
    ship_ran_age_seconds: t.Optional[int]
    idle: dict[str, str]
    shipped_at: str
    shipped_age_seconds: t.Optional[int]
    looked_at: str
    fulls: int
    failures: dict[str, str]
    limits: Limits


STEPS = {"full": "the last full backup", "ship": "the last shipping of binary logs", "verify": "the last proof by a restore", "expire": "the last expiry"}


AHEAD = 3600  # seconds


def epoch(text: str) -> float:
    """Seconds since 1970 of 2026-11-23T14:02:59Z; 0 for none."""
    try:
        return float(calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")))
    except (TypeError, ValueError):
        return 0.0


def age(text: str, now: float) -> t.Optional[int]:
    """Seconds; None when it never happened."""
    at = epoch(text)
    return int(max(0.0, now - at)) if at else None


def ahead(text: str, now: float) -> bool:
    """Whether a time is later than hosts' clocks differ: it was written while a clock was wrong, and would be young until it has come."""
    return epoch(text) > now + AHEAD


def judge(found: StatusFile, now: float) -> Backups:
    """The facts and the first problem. Ages of the repository count, whoever filled it; shipping counts on the host that does it."""
    nothing: Held = {"looked_at": "", "fulls": [], "newest_binlog_at": "", "verified_at": ""}
    held, steps = found.get("repository") or nothing, found.get("steps") or {}
    limits = found.get("limits") or t.cast(Limits, {})
    fulls = held.get("fulls") or []
    past = [one for one in fulls if not ahead(one["at"], now)]
    last: FullEntry = past[-1] if past else {"id": "", "at": "", "host": "", "verified_at": ""}
    verified_at = held.get("verified_at", "")
    if ahead(verified_at, now):
        verified_at = max((one["verified_at"] for one in fulls if not ahead(one["verified_at"], now)), key=epoch, default="")
    ship: StepEntry = steps.get("ship") or {}
    acts = bool(ship.get("acted"))
    result: Backups = {
        "configured": True,
        "problem": "",
        "last_full": last["id"],
        "last_full_at": last["at"],
        "last_full_age_seconds": age(last["at"], now),
        "verified_at": verified_at,
        "verified_age_seconds": age(verified_at, now),
        "newest_binlog_at": held.get("newest_binlog_at", ""),
        "ships": acts,
        "ship_why": ship.get("why", ""),
        "ship_fault": bool(ship.get("fault")) and not acts,
        "ship_ran_age_seconds": age(ship.get("last_run", ""), now),
        "idle": {name: steps[name].get("why", "") for name in STEPS if steps.get(name, {}).get("fault") and not steps[name].get("acted")},
        "shipped_at": ship.get("last_success", "") if acts else "",
        "shipped_age_seconds": age(ship.get("last_success", ""), now) if acts else None,
        "looked_at": held.get("looked_at", ""),
        "fulls": len(fulls),
        "failures": {name: steps[name]["failure"] for name in STEPS if steps.get(name, {}).get("failure")},
        "limits": limits,
    }
    result["problem"] = problem(result, limits)
    return result


def problem(seen: Backups, limits: Limits) -> str:
    """The first thing that is wrong; empty when nothing is."""
    for name, text in seen["failures"].items():
        return f"{STEPS[name]} failed: {text}"
    if seen["ship_fault"]:
        return f"this host ships no binary logs: {seen['ship_why']}. Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>"
    checks = (
        ("full", limits.get("full"), seen["last_full_age_seconds"], "full backup"),
        ("verify", limits.get("verify"), seen["verified_age_seconds"], "proof of a backup by a restore"),
    )
    for name, limit, seconds, what in checks:
        idle = f" The last run on this host did nothing: {seen['idle'][name]}." if name in seen["idle"] else ""
        if seconds is None:
            return f"there is no {what}.{idle} Next: mysql-backup {name}"
        if limit is not None and seconds > limit:
            return f"the newest {what} is {seconds // 3600} h old, expected at most {int(limit) // 3600} h.{idle} Next: mysql-backup {name}"
    limit, seconds = limits.get("ship"), seen["ship_ran_age_seconds"]
    if limit is not None and seconds is not None and seconds > limit:
        return (
            f"mysql-backup ship last ran {seconds} s ago on this host, expected at most {int(limit)} s ago. "
            "Next: systemctl status mysql-backup-ship.timer mysql-backup@ship.service"
        )
    seconds = seen["shipped_age_seconds"]
    if seen["ships"] and limit is not None and (seconds is None or seconds > limit):
        when = "never shipped" if seconds is None else f"last shipped {seconds} s ago"
        return f"binary logs were {when}, expected at most {int(limit)} s ago. Next: mysql-backup ship"
    return ""


def read(path: str, now: t.Optional[float] = None, accepted_none: bool = False) -> Backups:
    """The state of the backups as this host knows it; configured is false where the role never ran.

    accepted_none: the site knowingly lives without (mysql_backup_accept_none), so that nothing is missing and an old file says nothing.
    """
    if accepted_none:
        return {"configured": False, "problem": "", "accepted_none": True}
    try:
        with open(path, encoding="utf-8") as stream:
            found = json.load(stream)
    except FileNotFoundError:
        return {
            "configured": False,
            "problem": f"no backups are configured on this host: {path} is not there. Next: ansible-playbook onprem.wandb.backups -i <inventory>",
        }
    except (OSError, ValueError) as error:
        return {"configured": True, "problem": f"{path} cannot be read: {error}. Next: mysql-backup status"}
    if not isinstance(found, dict):
        return {"configured": True, "problem": f"{path} holds no mapping. Next: mysql-backup status"}
    return judge(t.cast(StatusFile, found), time.time() if now is None else now)
