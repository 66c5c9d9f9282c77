# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows about our own object store: its servers and drives, how full it is, and its mirror."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import FAIL, NOT_APPLICABLE, Facts, Row, failed, reason, verdict

EXTERNAL = "an external service: ask whoever runs it"
FULL = 85  # percent; the server stops writing when a drive is full, and gets slow before


def servers(facts: Facts) -> Iterator[Row]:
    """Our own: what is away is redundancy that is gone."""
    row = ("EX-17", "all servers and drives of the object store are there", "none away, none healing")
    if not facts.has("minio"):
        yield Row(*row, EXTERNAL, NOT_APPLICABLE)
        return
    measurement = facts.here("minio")
    if failed(measurement):
        yield Row(*row, reason(measurement), FAIL)
        return
    health = measurement["health"]
    away = ["away: %s" % name for name in [*health["servers_away"], *health["drives_away"]]] + ["healing: %s" % name for name in health["healing"]]
    good = "%d servers, %d drives, parity %s, %s" % (health["servers"], health["drives"], health["parity"], health["version"])
    yield Row(*row, ", ".join(away) or good, verdict(not away and health["drives"] > 0))


def usage(facts: Facts) -> Iterator[Row]:
    """Our own."""
    row = ("EX-18", "the object store has room", "drives at most %d %% full, the bucket below its quota" % FULL)
    if not facts.has("minio"):
        yield Row(*row, EXTERNAL, NOT_APPLICABLE)
        return
    measurement = facts.here("minio")
    if failed(measurement):
        yield Row(*row, reason(measurement), FAIL)
        return
    health = measurement["health"]
    quota, percent = health["quota"], health["used_percent"]
    full = (percent is None or percent > FULL) or (quota and health["bytes"] > quota * FULL / 100)
    text = "drives %s %% full, %d objects, %.1f GB%s" % (percent, health["objects"], health["bytes"] / 1e9, " of %.1f GB" % (quota / 1e9) if quota else "")
    yield Row(*row, text, verdict(not full))


def mirror(facts: Facts) -> Iterator[Row]:
    """Our own: a second place holds what the first one does."""
    row = ("EX-19", "the bucket is mirrored in a second place", "a good run that is young enough")
    if not facts.has("minio"):
        yield Row(*row, EXTERNAL, NOT_APPLICABLE)
        return
    problem = str(facts.settings.get("minio_backup_problem", ""))
    if problem:
        yield Row(*row, problem, FAIL)
        return
    host = str(facts.settings.get("minio_backup_host", ""))
    if not host:
        yield Row(*row, "no mirror configured (minio_backup_target is empty): the bucket has no second copy", NOT_APPLICABLE)
        return
    measurement = facts.of(host, "minio_backup")
    if failed(measurement):
        yield Row(*row, reason(measurement), FAIL)
        return
    told = measurement["mirror"]
    if told.get("problem") or told.get("age_hours") is None:
        yield Row(*row, "%s: %s" % (host, told.get("problem") or "no run was good so far"), FAIL)
        return
    text = "%s: %.1f hours old, at most %s; %d objects compared, %d read back" % (
        host, told["age_hours"], told["max_age_hours"], told["compared"], told["read_back"],
    )  # fmt: skip
    yield Row(*row, text, verdict(told["age_hours"] <= told["max_age_hours"]))


RULES = (servers, usage, mirror)
