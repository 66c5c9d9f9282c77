# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemctl says, and what follows from it."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host import unit

RUNNING = """LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
NeedDaemonReload=no
ExecMainStartTimestampMonotonic=50000000
StateChangeTimestampMonotonic=60000000
MainPID=42
Result=success
ExecMainStatus=0
NRestarts=0
Job=0
FragmentPath=/lib/systemd/system/x.service
DropInPaths=
Names=x.service
"""


def state(text=RUNNING, wall=1000.0, monotonic=100.0):
    return unit.parse(text, wall, monotonic)


def test_a_running_unit():
    seen = state()
    assert (seen.loaded, seen.active, seen.enabled, seen.needs_reload, seen.busy, seen.pid) == (True, True, True, False, False, 42)
    assert seen.started_at == 950.0
    assert seen.changed_at == 960.0


def test_a_unit_that_does_not_exist():
    seen = state("LoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\nExecMainStartTimestampMonotonic=0\nMainPID=0\n")
    assert (seen.loaded, seen.active, seen.enabled, seen.started_at) == (False, False, False, 0.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ActiveState=failed\nSubState=failed\nNRestarts=0\n", True),
        ("ActiveState=activating\nSubState=auto-restart\nNRestarts=3\n", True),
        ("ActiveState=activating\nSubState=auto-restart\nNRestarts=1\n", False),
        ("ActiveState=activating\nSubState=start\nNRestarts=9\n", False),
        (RUNNING, False),
    ],
)
def test_given_up(text, expected):
    assert unit.failed(text) is expected


def test_the_state_of_a_failed_unit_is_explained():
    seen = state("ActiveState=failed\nSubState=failed\nResult=exit-code\nExecMainStatus=1\nNRestarts=5\n")
    assert seen.text == "failed (failed), result exit-code, exit status 1, 5 restarts"


def written(path, when):
    path.write_text("x")
    os.utime(path, (when, when))
    return str(path)


def test_younger_files(tmp_path):
    now = time.time()
    old, new, future = (written(tmp_path / name, when) for name, when in (("old", now - 100), ("new", now - 10), ("future", now + 3600)))
    assert unit.younger([old, new, future, "/nowhere"], now - 50) == [new]


def test_restart_and_reload_reasons(tmp_path):
    now = time.time()
    new = written(tmp_path / "new", now - 45)
    seen = state(wall=now)
    assert "changed after the start" in unit.restart_reason(seen, [new], None)
    assert unit.restart_reason(seen, [written(tmp_path / "old", now - 55)], None) == ""
    assert unit.reload_reason(seen, [new]) == ""  # reloaded 40 s ago
    assert "changed after the last reload" in unit.reload_reason(seen, [written(tmp_path / "newer", now - 5)])


def test_a_stopped_unit_needs_no_restart(tmp_path):
    seen = state("ActiveState=inactive\nExecMainStartTimestampMonotonic=50000000\n")
    assert unit.restart_reason(seen, [written(tmp_path / "new", time.time() - 1)], None) == ""


def test_another_executable(tmp_path):
    (tmp_path / "v1").touch()
    (tmp_path / "v2").touch()
    link = tmp_path / "current"
    link.symlink_to(tmp_path / "v1")
    proc = tmp_path / "proc"
    (proc / "42").mkdir(parents=True)
    (proc / "42" / "exe").symlink_to(tmp_path / "v1")
    assert unit.other_executable(42, str(link), str(proc)) == ""
    link.unlink()
    link.symlink_to(tmp_path / "v2")
    assert unit.other_executable(42, str(link), str(proc)) == str(tmp_path / "v1")
    assert unit.other_executable(0, str(link), str(proc)) == ""
    assert unit.other_executable(43, str(link), str(proc)) == ""


def test_files_systemd_has_not_read(tmp_path):
    root = tmp_path / "etc"
    package = tmp_path / "x.service"
    package.touch()
    seen = state(RUNNING.replace("/lib/systemd/system/x.service", str(package)))
    assert unit.unseen(seen, [str(root)]) == []
    drop_in = root / "x.service.d" / "a.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.touch()
    assert unit.unseen(seen, [str(root)]) == [str(drop_in)]
    seen.drop_ins = [str(drop_in)]
    assert unit.unseen(seen, [str(root)]) == []
    (root / "x.service").touch()
    assert unit.unseen(seen, [str(root)]) == [str(root / "x.service")]
    seen.fragment = str(root / "x.service")
    assert unit.unseen(seen, [str(root)]) == []
    drop_in.unlink()
    assert unit.unseen(seen, [str(root)]) == [str(drop_in)]


@pytest.mark.parametrize(
    ("state", "stop"), [("activating\nSubState=auto-restart", True), ("failed\nSubState=failed", False), ("active\nSubState=running", True)]
)
def test_a_unit_that_comes_back_in_a_moment_is_stopped(state: str, stop: bool) -> None:
    """containerd died, and was running again after the reset that had found it not active."""
    from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import unit as apply

    class Shown:
        def show(self) -> str:
            return f"LoadState=loaded\nUnitFileState=disabled\nJob=0\nActiveState={state}"

    actions, _reason = apply.plan(Shown(), {"enabled": False, "state": "stopped"})
    assert ("stop" in actions) is stop
