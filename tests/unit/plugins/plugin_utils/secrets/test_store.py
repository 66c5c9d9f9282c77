# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets in files: made once, whole, by one run at a time."""

from __future__ import annotations

import concurrent.futures
import os
import re

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host import lock
from ansible_collections.onprem.wandb.plugins.plugin_utils._secrets import store


def test_made_once(tmp_path):
    directory = str(tmp_path / "a/.secrets")
    assert store.make(directory, ["redis_password", "mysql_app_password"]) == ["redis_password", "mysql_app_password"]
    first = store.read(directory, "redis_password")
    assert re.fullmatch("[A-Za-z0-9]{32}", first or "")
    assert store.make(directory, ["redis_password"]) == []
    assert store.read(directory, "redis_password") == first
    assert {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "a/.secrets").iterdir()} == {"0o600"}
    assert (tmp_path / "a/.secrets").stat().st_mode & 0o777 == 0o700
    assert sorted(os.listdir(directory)) == [".lock", "mysql_app_password", "redis_password"]


def test_reading_makes_nothing(tmp_path):
    assert store.read(str(tmp_path / "none"), "x") is None
    assert store.missing(str(tmp_path / "none"), ["x"]) == ["x"]
    assert not (tmp_path / "none").exists()


def test_a_file_of_the_password_lookup(tmp_path):
    (tmp_path / "x").write_text("abc salt=xyz\n")
    assert store.read(str(tmp_path), "x") == "abc"


def test_runs_side_by_side_agree(tmp_path):
    """Two first runs: each uses what is on the disk in the end."""
    directory = str(tmp_path / "s")
    names = ["name%d" % number for number in range(8)]
    with concurrent.futures.ProcessPoolExecutor(8) as pool:
        made = [name for found in pool.map(store.make, [directory] * 8, [names] * 8) for name in found]
    assert sorted(made) == names


def test_who_waits_too_long_is_told(tmp_path):
    told = pytest.raises(lock.Locked, match=r"Another run has been making secrets.*Next: fuser -v")
    with lock.alone(str(tmp_path)), told, lock.alone(str(tmp_path), patience=0.2):
        pass
    with lock.alone(str(tmp_path), patience=0.2):
        pass


def test_never_over_another_one(tmp_path):
    (tmp_path / "x").write_text("old")
    assert not store.put_new(str(tmp_path / "x"), "new")
    assert (tmp_path / "x").read_text() == "old" and os.listdir(tmp_path) == ["x"]
