# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health and usage out of the server's own words."""

from __future__ import annotations

import fcntl
import json
import time

from ansible_collections.onprem.wandb.plugins.module_utils._object_store import health

DRIVE = {"endpoint": "https://store1:9000/mnt/disk1", "state": "ok", "totalspace": 1000, "usedspace": 250}
INFO = {
    "servers": [
        {"endpoint": "store1:9000", "state": "online", "version": "v1", "drives": [DRIVE]},
        {"endpoint": "store2:9000", "state": "online", "version": "v1", "drives": [{**DRIVE, "endpoint": "d2"}]},
    ],
    "backend": {"standardSCParity": 1},
    "usage": {"size": 77},
    "objects": {"count": 3},
}


def test_a_good_set():
    found = health.summary(INFO, 0, "b")
    assert (found["servers"], found["drives"], found["parity"], found["bytes"], found["objects"], found["used_percent"]) == (2, 2, 1, 77, 3, 25.0)
    assert found["servers_away"] == found["drives_away"] == found["healing"] == []


def test_one_full_drive_is_a_full_store():
    full = {**INFO["servers"][1], "drives": [{**DRIVE, "usedspace": 990}]}
    assert health.summary({**INFO, "servers": [INFO["servers"][0], full]}, 0, "b")["used_percent"] == 99.0


def test_what_is_away_is_named():
    servers = [INFO["servers"][0], {"endpoint": "store2:9000", "state": "offline", "drives": [{"endpoint": "d2", "state": "offline"}]}]
    found = health.summary({**INFO, "servers": servers}, 0, "b")
    assert found["servers_away"] == ["store2:9000"]
    assert found["drives_away"] == ["d2"]
    healing = [{**INFO["servers"][0], "drives": [{**DRIVE, "healing": True}]}]
    assert health.summary({**INFO, "servers": healing}, 0, "b")["healing"] == ["https://store1:9000/mnt/disk1"]


def test_a_server_that_says_nothing():
    assert health.summary({}, 0, "b")["used_percent"] is None


def test_the_mirror(tmp_path):
    path = tmp_path / "status.json"
    assert health.mirror(str(path))["configured"] is False
    path.write_text(json.dumps({"attempt": 1, "problem": "x"}))
    assert health.mirror(str(path))["age_hours"] is None
    path.write_text(json.dumps({"success": time.time() - 7200, "problem": ""}))
    assert health.mirror(str(path))["age_hours"] == 2.0


def test_a_mirror_of_a_clock_that_was_ahead(tmp_path):
    path = tmp_path / "status.json"
    path.write_text(json.dumps({"success": time.time() + 30 * 86400, "attempt": time.time() + 30 * 86400, "problem": ""}))
    assert "dated 720 h after now" in health.mirror(str(path))["problem"]
    path.write_text(json.dumps({"success": time.time() + 60, "problem": ""}))
    assert health.mirror(str(path))["problem"] == ""


def test_a_mirror_that_was_killed_and_one_at_work(tmp_path):
    path, lock = tmp_path / "status.json", tmp_path / "lock"
    path.write_text(json.dumps({"success": time.time(), "attempt": time.time() - 9, "began": time.time(), "problem": ""}))
    assert "ended without a word" in health.mirror(str(path))["problem"]
    with open(lock, "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert health.mirror(str(path))["problem"] == ""
    assert "Next: journalctl" in health.mirror(str(path))["problem"]
