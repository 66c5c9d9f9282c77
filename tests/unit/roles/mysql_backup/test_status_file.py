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
from mysql_backup.base import Config, now

HOUR = datetime.timedelta(hours=1)


def keys(shape: t.Any) -> set[str]:
    """Every key of a declared shape."""
    return set(t.get_type_hints(shape))


@pytest.fixture
def config(tmp_path: pathlib.Path) -> Config:
    names = {"site": "berlin", "host": "db2", "state_dir": str(tmp_path), "status_file": str(tmp_path / "status.json"), "metrics_dir": ""}
    return t.cast(Config, types.SimpleNamespace(**names, full_max_age_hours=26.0, verify_max_age_hours=50.0, ship_max_age=600))


def repository(config: Config, fulls: int = 1, proved: bool = True, records: int = 1) -> None:
    """What is in the repository, as the program notes it."""
    snapshot = t.cast(t.Any, types.SimpleNamespace(host="db2", tags=[], id="s", at=now()))
    held = [catalog.Full(f"full-{number}", now() - HOUR * (fulls - number), snapshot, now() - HOUR / 2 if proved else None) for number in range(fulls)]
    shipped = [catalog.Record("uuid", now(), snapshot, {"binlog.000001": 1}) for _number in range(records)]
    status.repository(config, catalog.Catalog(fulls=held, records=shipped))


def written(config: Config) -> dict[str, t.Any]:
    return dict(json.loads(pathlib.Path(config.status_file).read_text(encoding="utf-8")))


def everything(config: Config) -> None:
    """Each step in each of its ends: begun, done, left to the other host, failed."""
    repository(config)
    status.begin(config, "verify")
    status.step(config, "full", {"acted": True, "id": "full-0", "bytes": 1, "seconds": 2.0})
    status.step(config, "ship", {"acted": True, "files": 1})
    status.step(config, "expire", {"acted": False, "why": "it is the primary"})
    status.failure(config, "expire", "the place is full.")


def test_the_keys_are_those_that_are_declared(config: Config) -> None:
    everything(config)
    found = written(config)
    assert set(found) == keys(backup.StatusFile)
    assert set(found["limits"]) == keys(backup.Limits)
    assert set(found["repository"]) == keys(backup.Held)
    assert set(found["repository"]["fulls"][0]) == keys(backup.FullEntry)
    assert {key for entry in found["steps"].values() for key in entry} == keys(backup.StepEntry)
    assert set(found["steps"]) == set(status.STEPS) == set(backup.STEPS)


def test_a_proved_backup_is_read_as_one(config: Config) -> None:
    everything(config)
    status.step(config, "expire", {"acted": True})
    found = backup.read(config.status_file)
    assert found["problem"] == ""
    assert (found["last_full"], found["fulls"], found["ships"]) == ("full-0", 1, True)
    assert 3600 <= (found["last_full_age_seconds"] or 0) < 3700 and 1800 <= (found["verified_age_seconds"] or 0) < 1900
    assert found["newest_binlog_at"] and found["shipped_at"]


def test_a_failure_and_an_empty_repository_are_read_as_such(config: Config) -> None:
    everything(config)
    assert "the last expiry failed: the place is full." in backup.read(config.status_file)["problem"]
    repository(config, fulls=0, records=0)
    status.step(config, "expire", {"acted": True})
    found = backup.read(config.status_file)
    assert (found["last_full_at"], found["verified_at"], found["newest_binlog_at"]) == ("", "", "")
    assert "there is no full backup" in found["problem"]


def test_what_is_returned_is_declared_and_documented(config: Config) -> None:
    everything(config)
    documented = yaml.safe_load(mysql_replica_info.RETURN)["backup"]["contains"]
    returned = {**backup.read(config.status_file), **backup.read(config.status_file, accepted_none=True)}
    assert set(returned) == keys(backup.Backups) == set(documented)
