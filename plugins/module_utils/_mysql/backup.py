# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mysql_backup left on a host about its backups, judged by age and not only by failure. PRIVATE to the collection."""

from __future__ import annotations

import calendar
import json
import time
import typing as t

STEPS = {"full": "the last full backup", "ship": "the last shipping of binary logs", "verify": "the last proof by a restore", "expire": "the last expiry"}


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


def judge(found: dict[str, t.Any], now: float) -> dict[str, t.Any]:
    """The facts and the first problem. Ages of the repository count, whoever filled it; shipping counts on the host that does it."""
    held, steps, limits = found.get("repository") or {}, found.get("steps") or {}, found.get("limits") or {}
    fulls = held.get("fulls") or []
    last = fulls[-1] if fulls else {}
    ship = steps.get("ship") or {}
    acts = bool(ship.get("acted"))
    result: dict[str, t.Any] = {
        "configured": True,
        "last_full": last.get("id", ""),
        "last_full_at": last.get("at", ""),
        "last_full_age_seconds": age(last.get("at", ""), now),
        "verified_at": held.get("verified_at", ""),
        "verified_age_seconds": age(held.get("verified_at", ""), now),
        "ships": acts,
        "shipped_at": ship.get("last_success", "") if acts else "",
        "shipped_age_seconds": age(ship.get("last_success", ""), now) if acts else None,
        "looked_at": held.get("looked_at", ""),
        "fulls": len(fulls),
        "failures": {name: (steps.get(name) or {}).get("failure", "") for name in STEPS if (steps.get(name) or {}).get("failure")},
        "limits": limits,
    }
    result["problem"] = problem(result, limits)
    return result


def problem(seen: dict[str, t.Any], limits: dict[str, t.Any]) -> str:
    """The first thing that is wrong; empty when nothing is."""
    for name, text in seen["failures"].items():
        return f"{STEPS[name]} failed: {text}"
    checks = (
        ("full", "last_full_age_seconds", "full backup", "mysql-backup full"),
        ("verify", "verified_age_seconds", "proof of a backup by a restore", "mysql-backup verify"),
    )
    for limit, key, what, command in checks:
        if seen[key] is None:
            return f"there is no {what}. Next: {command}"
        if limit in limits and seen[key] > limits[limit]:
            return f"the newest {what} is {seen[key] // 3600} h old, expected at most {int(limits[limit]) // 3600} h. Next: {command}"
    if seen["ships"] and "ship" in limits and (seen["shipped_age_seconds"] is None or seen["shipped_age_seconds"] > limits["ship"]):
        return f"binary logs were last shipped {seen['shipped_age_seconds']} s ago, expected at most {int(limits['ship'])} s. Next: mysql-backup ship"
    return ""


def read(path: str, now: t.Optional[float] = None) -> dict[str, t.Any]:
    """The state of the backups as this host knows it; configured is false where the role never ran."""
    try:
        with open(path, encoding="utf-8") as stream:
            found = json.load(stream)
    except FileNotFoundError:
        return {"configured": False, "problem": "no backups are configured on this host. Next: the playbook onprem.wandb.backups"}
    except (OSError, ValueError) as error:
        return {"configured": True, "problem": f"{path} cannot be read: {error}. Next: mysql-backup status"}
    if not isinstance(found, dict):
        return {"configured": True, "problem": f"{path} holds no mapping. Next: mysql-backup status"}
    return judge(found, time.time() if now is None else now)
