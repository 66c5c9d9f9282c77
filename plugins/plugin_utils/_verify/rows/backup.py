# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows about the backups of our own MySQL pair: that they are there, proved, continued, and that no step failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..model import NOT_APPLICABLE, Facts, Row, failed, reason, verdict

EXTERNAL = "an external server: ask whoever runs it"
ACCEPTED = "this site lives without backups (mysql_backup_accept_none): a lost pair is a lost database"
State = Mapping[str, Any]


def states(facts: Facts) -> tuple[dict[str, State], list[str]]:
    """What each host of the pair knows about the backups, and why some know nothing."""
    found: dict[str, State] = {}
    wrong = []
    for name in facts.members("mysql"):
        measurement = facts.of(name, "mysql")
        if failed(measurement):
            wrong.append("%s: %s" % (name, reason(measurement)))
            continue
        state = measurement.get("backup") or {"configured": False, "problem": "nothing is known about backups"}
        if state.get("accepted_none"):
            continue
        if not state.get("configured") or "failures" not in state:
            wrong.append("%s: %s" % (name, state.get("problem")))
        else:
            found[name] = state
    return found, wrong


def youngest(found: Mapping[str, State], key: str) -> tuple[str, int | None]:
    """The host that knows of the newest, and its age in seconds; None when nobody knows of any."""
    known = {name: int(state[key]) for name, state in found.items() if state.get(key) is not None}
    best = min(known, key=lambda name: known[name], default="")
    return best, known.get(best)


def limit(found: Mapping[str, State], name: str) -> int:
    """Seconds, as the role was told."""
    return max((int((state.get("limits") or {}).get(name, 0)) for state in found.values()), default=0)


def beside_the_point(facts: Facts) -> str:
    """Why there is nothing to measure; empty when there is."""
    if not facts.has("mysql"):
        return EXTERNAL
    accepted = [(facts.of(name, "mysql").get("backup") or {}).get("accepted_none") for name in facts.members("mysql")]
    return ACCEPTED if all(accepted) else ""


def by_age(facts: Facts, row: tuple[str, str, str], key: str, which: str, nothing: str) -> Row:
    """One row: the newest of its kind is not too old."""
    if beside_the_point(facts):
        return Row(*row, beside_the_point(facts), NOT_APPLICABLE)
    found, wrong = states(facts)
    host, seconds = youngest(found, key)
    allowed = limit(found, which)
    if not wrong and seconds is None:
        wrong = [nothing]
    if not wrong and seconds is not None and seconds > allowed:
        wrong = ["%s old, expected at most %s" % (duration(seconds), duration(allowed))]
    text = "; ".join(wrong) or "%s old, at most %s" % (duration(seconds or 0), duration(allowed))
    return Row(*row, text, verdict(not wrong and bool(host)))


def duration(seconds: int) -> str:
    """For people."""
    return "%d s" % seconds if seconds < 600 else "%d min" % (seconds // 60) if seconds < 7200 else "%.1f h" % (seconds / 3600)


def full(facts: Facts) -> Iterator[Row]:
    """Our own: there is a backup, in another place."""
    row = ("EX-13", "full backup of MySQL", "in the repository, younger than mysql_backup_full_max_age_hours")
    yield by_age(facts, row, "last_full_age_seconds", "full", "there is none. Next: ansible-playbook onprem.wandb.mysql_backup -i <inventory>")


def proof(facts: Facts) -> Iterator[Row]:
    """Our own: it can be restored, because it was."""
    row = ("EX-14", "MySQL backup proved by a restore", "younger than mysql_backup_verify_max_age_hours")
    none = "no backup was ever restored. Next: ansible-playbook onprem.wandb.mysql_backup_verify -i <inventory>"
    yield by_age(facts, row, "verified_age_seconds", "verify", none)


def shipping(facts: Facts) -> Iterator[Row]:
    """Our own: what was committed after it is there, too."""
    row = ("EX-15", "MySQL binary logs shipped", "by one host, less than mysql_backup_ship_max_age ago, without a gap")
    found = {} if beside_the_point(facts) else states(facts)[0]
    whys = "; ".join("%s: %s" % (name, state["ship_why"]) for name, state in found.items() if state.get("ship_why"))
    following = "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>" if whys else "Next: systemctl status mysql-backup-ship.timer"
    yield by_age(facts, row, "shipped_age_seconds", "ship", "no host ships them%s. %s" % (" (%s)" % whys if whys else "", following))


def units(facts: Facts) -> Iterator[Row]:
    """Our own: no step of the backups failed last time."""
    row = ("EX-16", "MySQL backup steps", "the last run of each ended well, on every host")
    if beside_the_point(facts):
        yield Row(*row, beside_the_point(facts), NOT_APPLICABLE)
        return
    found, wrong = states(facts)
    wrong += ["%s: %s: %s" % (name, step, text) for name, state in found.items() for step, text in state["failures"].items()]
    yield Row(*row, "; ".join(wrong) or "no failure on %s" % " and ".join(found), verdict(not wrong))


RULES = (full, proof, shipping, units)
