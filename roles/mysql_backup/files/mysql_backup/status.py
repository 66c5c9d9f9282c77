# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""status.json and the metrics: what stands, for people, verify and monitoring."""

from __future__ import annotations

import fcntl
import os
import typing as t
from contextlib import contextmanager

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.smallfile import read_json, write_json, write_text

from . import catalog as catalogs
from .base import iso, now, parse
from .config import Home

STEPS = ("full", "ship", "verify", "expire")


def read(home: Home) -> dict[str, t.Any]:
    """The last state."""
    found = read_json(home.status_file)
    found.setdefault("steps", {})
    return found


@contextmanager
def changing(home: Home) -> t.Iterator[dict[str, t.Any]]:
    """The state, for a change; several steps run at the same time, so one waits for the other."""
    os.makedirs(home.state_dir, exist_ok=True)
    with open(os.path.join(home.state_dir, ".lock-status"), "w", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        found = read(home)
        yield found
        save(home, found)


def save(home: Home, found: dict[str, t.Any]) -> None:
    """The file, and the metrics beside it."""
    found.update(host=home.host, site=home.site, written_at=iso(now()), limits=limits(home))
    write_json(home.status_file, found)
    if home.metrics_dir and os.path.isdir(home.metrics_dir):
        write_text(os.path.join(home.metrics_dir, "onprem_wandb_mysql_backup.prom"), metrics(found))


def limits(home: Home) -> dict[str, float]:
    """Ages in seconds after which a reader complains."""
    return {"full": home.full_max_age, "verify": home.verify_max_age, "ship": home.ship_max_age}


def invocation() -> str:
    """systemd's name of this run; empty when a person runs it."""
    return os.environ.get("INVOCATION_ID", "")


def begin(home: Home, name: str) -> None:
    """A run that is under way; a killed one leaves this behind."""
    with changing(home) as found:
        found["steps"].setdefault(name, {})["started"] = iso(now())


def killed(home: Home, name: str) -> bool:
    """Whether the last run never came to its end."""
    return bool(read(home)["steps"].get(name, {}).get("started"))


def step(home: Home, name: str, result: t.Mapping[str, t.Any]) -> None:
    """A run that ended well."""
    with changing(home) as found:
        entry = found["steps"].setdefault(name, {})
        entry.update(last_run=iso(now()), acted=bool(result.get("acted")), why=result.get("why", ""), failure="", started="")
        entry.update(fault=bool(result.get("fault")), invocation=invocation())
        if result.get("acted"):
            entry.update(last_success=iso(now()), result=dict(result))


def failure(home: Home, name: str, text: str) -> None:
    """A run that did not."""
    with changing(home) as found:
        entry = found["steps"].setdefault(name, {})
        entry.update(last_run=iso(now()), acted=True, failure=text, failed_at=iso(now()), started="", fault=False, invocation=invocation())


def stopped(home: Home, name: str, why: str) -> None:
    """A run that was ended on purpose: no failure, and nothing was done."""
    with changing(home) as found:
        found["steps"].setdefault(name, {}).update(last_run=iso(now()), acted=False, why=why, failure="", started="", fault=False)


def repository(home: Home, catalog: catalogs.Catalog) -> None:
    """What is in the repository, whoever put it there."""
    newest = catalog.records[-1] if catalog.records else None
    proved = [one for one in catalog.fulls if one.verified]
    with changing(home) as found:
        found["repository"] = {
            "looked_at": iso(now()),
            "fulls": [
                {"id": one.id, "at": iso(one.at), "host": one.snapshot.host, "verified_at": iso(one.verified) if one.verified else ""} for one in catalog.fulls
            ],
            "newest_binlog_at": iso(newest.at) if newest else "",
            "verified_at": iso(max(one.verified for one in proved if one.verified)) if proved else "",
        }


def metrics(found: t.Mapping[str, t.Any]) -> str:
    """node_exporter's textfile format."""
    lines: list[str] = []

    def metric(name: str, text: str, values: t.Iterable[tuple[str, t.Union[int, float]]]) -> None:
        rows = list(values)
        if rows:
            lines.extend([f"# HELP onprem_mysql_backup_{name} {text}", f"# TYPE onprem_mysql_backup_{name} gauge"])
            lines.extend(f"onprem_mysql_backup_{name}{labels} {value}" for labels, value in rows)

    def seconds(text: str) -> int:
        return int(parse(text).timestamp()) if text else 0

    steps = {name: entry for name, entry in found.get("steps", {}).items() if name in STEPS}
    held = found.get("repository", {})
    fulls = held.get("fulls", [])
    metric(
        "last_success_timestamp_seconds",
        "When a step last ended well on this host.",
        ((label(name), seconds(entry.get("last_success", ""))) for name, entry in steps.items()),
    )
    metric("failed", "1 when the last run of a step on this host failed.", ((label(name), int(bool(entry.get("failure")))) for name, entry in steps.items()))
    metric(
        "duration_seconds",
        "How long the last good run took.",
        ((label(n), e["result"]["seconds"]) for n, e in steps.items() if "seconds" in e.get("result", {})),
    )
    metric("full_bytes", "Data in the last full backup of this host.", [("", e["result"]["bytes"]) for n, e in steps.items() if n == "full" and "result" in e])
    metric("last_full_timestamp_seconds", "Newest full backup in the repository.", [("", seconds(fulls[-1]["at"]))] if fulls else [])
    metric("last_verified_timestamp_seconds", "Newest proof by a restore.", [("", seconds(held.get("verified_at", "")))] if held else [])
    metric("last_binlog_timestamp_seconds", "Newest shipped binary log.", [("", seconds(held.get("newest_binlog_at", "")))] if held else [])
    metric("repository_bytes", "Everything stored.", [("", steps["expire"]["result"]["bytes"])] if "bytes" in steps.get("expire", {}).get("result", {}) else [])
    return "\n".join(lines) + "\n"


def label(step_name: str) -> str:
    """One label."""
    return f'{{step="{step_name}"}}'
