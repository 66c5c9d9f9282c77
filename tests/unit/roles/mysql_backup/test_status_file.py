# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""status.json as the host's program really writes it, and as the collection reads it: their keys are compared here."""

from __future__ import annotations

import datetime
import json
import pathlib
import types
import typing as t

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import backup
from ansible_collections.onprem.wandb.plugins.modules import mysql_replica_info
from mysql_backup import catalog, status
from mysql_backup.base import now
from mysql_backup.config import Home

from .given import config_of

HOUR = datetime.timedelta(hours=1)


def keys(shape: t.Any) -> set[str]:
    """Every key of a declared shape."""
    return set(t.get_type_hints(shape))


@pytest.fixture
def home(tmp_path: pathlib.Path) -> Home:
    return config_of(tmp_path, host="db2").home


def repository(home: Home, fulls: int = 1, proved: bool = True, records: int = 1) -> None:
    """What is in the repository, as the program notes it."""
    snapshot = t.cast(t.Any, types.SimpleNamespace(host="db2", tags=[], id="s", at=now()))
    held = [catalog.Full(f"full-{number}", now() - HOUR * (fulls - number), snapshot, now() - HOUR / 2 if proved else None) for number in range(fulls)]
    shipped = [catalog.Record("uuid", now(), snapshot, {"binlog.000001": 1}) for _number in range(records)]
    status.repository(home, catalog.Catalog(fulls=held, records=shipped))


def written(home: Home) -> dict[str, t.Any]:
    return dict(json.loads(pathlib.Path(home.status_file).read_text(encoding="utf-8")))


def everything(home: Home) -> None:
    """Each step in each of its ends: begun, done, left to the other host, failed."""
    repository(home)
    status.begin(home, "verify")
    status.step(home, "full", {"acted": True, "id": "full-0", "bytes": 1, "seconds": 2.0})
    status.step(home, "ship", {"acted": True, "files": 1})
    status.step(home, "expire", {"acted": False, "why": "it is the primary"})
    status.failure(home, "expire", "the place is full.")


def test_the_keys_are_those_that_are_declared(home: Home) -> None:
    everything(home)
    found = written(home)
    assert set(found) == keys(backup.StatusFile)
    assert set(found["limits"]) == keys(backup.Limits)
    assert set(found["repository"]) == keys(backup.Held)
    assert set(found["repository"]["fulls"][0]) == keys(backup.FullEntry)
    assert {key for entry in found["steps"].values() for key in entry} == keys(backup.StepEntry)
    assert set(found["steps"]) == set(status.STEPS) == set(backup.STEPS)


def test_a_proved_backup_is_read_as_one(home: Home) -> None:
    everything(home)
    status.step(home, "expire", {"acted": True})
    found = backup.read(home.status_file)
    assert found["problem"] == ""
    assert (found["last_full"], found["fulls"], found["ships"]) == ("full-0", 1, True)
    assert 3600 <= (found["last_full_age_seconds"] or 0) < 3700 and 1800 <= (found["verified_age_seconds"] or 0) < 1900
    assert found["newest_binlog_at"] and found["shipped_at"]


def test_a_failure_and_an_empty_repository_are_read_as_such(home: Home) -> None:
    everything(home)
    assert "the last expiry failed: the place is full." in backup.read(home.status_file)["problem"]
    repository(home, fulls=0, records=0)
    status.step(home, "expire", {"acted": True})
    found = backup.read(home.status_file)
    assert (found["last_full_at"], found["verified_at"], found["newest_binlog_at"]) == ("", "", "")
    assert "there is no full backup" in found["problem"]


def test_what_is_returned_is_declared_and_documented(home: Home) -> None:
    everything(home)
    documented = yaml.safe_load(mysql_replica_info.RETURN)["backup"]["contains"]
    returned = {**backup.read(home.status_file), **backup.read(home.status_file, accepted_none=True)}
    assert set(returned) == keys(backup.Backups) == set(documented)
