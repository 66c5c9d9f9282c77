# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's status file says about its backups."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import backup
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.mysql.status_file import status_file

NOW = backup.epoch("2026-11-23T14:00:00Z")
GOOD = status_file("2026-11-23")


def judged(change: t.Callable[[dict[str, t.Any]], None]) -> dict[str, t.Any]:
    found = copy.deepcopy(GOOD)
    change(found)
    return backup.judge(found, NOW)


def test_good_backups_are_no_problem() -> None:
    found = backup.judge(copy.deepcopy(GOOD), NOW)
    assert found["problem"] == "" and found["last_full_age_seconds"] == 45000 and found["shipped_age_seconds"] == 30


CHANGES: list[tuple[t.Callable[[dict[str, t.Any]], t.Any], str]] = [
    (lambda found: found["repository"].update(fulls=[]), "there is no full backup"),
    (lambda found: found["repository"]["fulls"][0].update(at="2026-11-21T01:30:00Z"), "full backup is 60 h old"),
    (lambda found: found["repository"].update(verified_at=""), "there is no proof"),
    (lambda found: found["repository"].update(verified_at="2026-11-20T01:30:00Z"), "proof of a backup by a restore is"),
    (lambda found: found["steps"]["ship"].update(last_success="2026-11-23T13:00:00Z"), "last shipped 3600 s ago"),
    (lambda found: found["steps"]["ship"].update(last_success=""), "binary logs were never shipped, expected at most 600 s ago"),
    (
        lambda found: found["steps"].update(ship={"acted": False, "fault": True, "why": "it is a standby whose replication is stopped", "failure": ""}),
        "this host ships no binary logs: it is a standby whose replication is stopped. Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>",
    ),
    (
        lambda found: found["steps"]["ship"].update(last_run="2026-11-23T13:00:00Z"),
        "mysql-backup ship last ran 3600 s ago on this host, expected at most 600 s ago. Next: systemctl status mysql-backup-ship.timer",
    ),
    (
        lambda found: (found["repository"].update(fulls=[]), found["steps"].update(full={"acted": False, "fault": True, "why": "it is read-only"})),
        "there is no full backup. The last run on this host did nothing: it is read-only. Next: mysql-backup full",
    ),
    (lambda found: found["steps"]["full"].update(failure="the place is full."), "the last full backup failed: the place is full."),
]


@pytest.mark.parametrize(("change", "said"), CHANGES)
def test_each_problem_is_named(change: t.Callable[[dict[str, t.Any]], None], said: str) -> None:
    assert said in judged(change)["problem"]


def test_a_backup_of_a_clock_that_was_ahead_is_not_young_for_ever() -> None:
    """A machine with a dead battery took a full backup and proved it in 2027. Since its clock is right nothing was backed up, and nobody heard of it."""

    def later(found: dict[str, t.Any]) -> None:
        one = {"id": "f", "host": "db1", "at": "2027-11-23T01:30:00Z", "verified_at": "2027-11-23T02:00:00Z"}
        found["repository"]["fulls"][0].update(at="2026-11-21T01:30:00Z", verified_at="2026-11-21T02:00:00Z")
        found["repository"].update(fulls=[*found["repository"]["fulls"], one], verified_at="2027-11-23T02:00:00Z")

    found = judged(later)
    assert "full backup is 60 h old" in found["problem"] and found["verified_age_seconds"] == 60 * 3600
    assert judged(lambda found: found["repository"]["fulls"][0].update(at="2026-11-23T14:00:30Z"))["problem"] == ""  # as hosts' clocks differ


def test_the_host_that_does_not_ship_is_not_blamed() -> None:
    assert judged(lambda found: found["steps"].update(ship={"acted": False, "last_success": "2026-11-20T00:00:00Z"}))["problem"] == ""


def test_a_host_that_leaves_it_to_the_other_one_is_fine() -> None:
    idle = {"acted": False, "fault": False, "why": "it is the primary, and 1 standby attached does it", "last_run": "2026-11-23T13:59:30Z"}
    found = judged(lambda found: found["steps"].update(ship=idle))
    assert (found["problem"], found["ships"], found["ship_why"]) == ("", False, idle["why"])


def test_files_that_are_missing_broken_or_something_else(tmp_path: t.Any) -> None:
    path = tmp_path / "status.json"
    said = f"no backups are configured on this host: {path} is not there. Next: ansible-playbook onprem.wandb.backups -i <inventory>"
    assert backup.read(str(path)) == {"configured": False, "problem": said}
    path.write_text("{")
    assert "cannot be read" in backup.read(str(path))["problem"]
    path.write_text("[]")
    assert "holds no mapping" in backup.read(str(path))["problem"]
    path.write_text(json.dumps(GOOD))
    assert backup.read(str(path), NOW)["problem"] == ""


def test_a_site_that_lives_without_backups_misses_none(tmp_path: t.Any) -> None:
    path = tmp_path / "status.json"
    for content in (None, "{", json.dumps(GOOD)):
        if content is not None:
            path.write_text(content)
        assert backup.read(str(path), NOW, accepted_none=True) == {"configured": False, "problem": "", "accepted_none": True}
