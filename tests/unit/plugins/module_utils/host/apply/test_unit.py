# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module unit decides to do."""

from __future__ import annotations

import time

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import unit

DEFAULTS = {
    "enabled": True,
    "state": "started",
    "restart_when_newer": [],
    "reload_when_newer": [],
    "executable": None,
    "restart": False,
    "may_restart": True,
    "reload": False,
}


class Shown(unit.Unit):
    """A unit in a given state, and others that systemctl is asked for."""

    def __init__(self, others=None, **properties):
        self.name, self.others = "a.service", others or {}
        microseconds = int((time.clock_gettime(time.CLOCK_MONOTONIC) - 60) * 1e6)
        self.properties = {
            "LoadState": "loaded",
            "ActiveState": "active",
            "SubState": "running",
            "UnitFileState": "enabled",
            "NeedDaemonReload": "no",
            "ExecMainStartTimestampMonotonic": microseconds,
            "StateChangeTimestampMonotonic": microseconds,
            **properties,
        }

    def show(self):
        return "".join(f"{key}={value}\n" for key, value in self.properties.items())

    def run(self, *arguments):
        assert arguments[0] == "show"
        names = [word for word in arguments[1:] if not word.startswith("--property=")]
        return "\n".join("".join(f"{key}={value}\n" for key, value in self.others[name].items()) for name in names)


@pytest.fixture
def fresh(tmp_path):
    """A file younger than the unit's process."""
    path = tmp_path / "conf"
    path.write_text("x")
    return str(path)


def plan(params=None, **properties):
    return unit.plan(Shown(**properties), {**DEFAULTS, **(params or {})})


@pytest.mark.parametrize(
    ("properties", "params", "expected"),
    [
        ({}, {}, []),
        ({"ActiveState": "inactive", "UnitFileState": "disabled"}, {}, ["enable", "start"]),
        ({"ActiveState": "failed"}, {}, ["start"]),
        ({"NeedDaemonReload": "yes"}, {}, ["daemon-reload"]),
        ({}, {"enabled": False}, ["disable"]),
        ({}, {"state": "stopped", "enabled": False}, ["disable", "stop"]),
        ({"ActiveState": "inactive"}, {"state": "stopped"}, []),
        ({}, {"restart": True}, ["restart"]),
        ({"ActiveState": "inactive"}, {"restart": True}, ["start"]),
        ({}, {"reload": True}, ["reload"]),
        ({}, {"restart": True, "reload": True}, ["restart"]),
        ({}, {"restart": True, "may_restart": False}, []),
        ({"UnitFileState": "static"}, {"state": "as_is"}, []),
        ({"UnitFileState": "static"}, {"state": "as_is", "restart": True}, ["try-restart"]),
        ({"ActiveState": "inactive", "UnitFileState": "static"}, {"state": "as_is", "restart": True}, []),
        ({"ActiveState": "failed", "UnitFileState": "static"}, {"state": "as_is", "restart": True}, []),
        ({"LoadState": "not-found", "ActiveState": "inactive", "UnitFileState": ""}, {"state": "as_is", "restart": True}, []),
    ],
)
def test_actions(properties, params, expected):
    assert plan(params, **properties)[0] == expected


def test_files_written_after_the_start(fresh):
    assert plan({"restart_when_newer": [fresh]})[0] == ["restart"]
    assert plan({"reload_when_newer": [fresh]})[0] == ["reload"]
    assert plan({"restart_when_newer": [fresh], "reload_when_newer": [fresh]})[0] == ["restart"]
    actions, reason = plan({"restart_when_newer": [fresh], "may_restart": False})
    assert actions == []
    assert fresh in reason


CALM, CHANGED = {"NeedDaemonReload": "no"}, {"NeedDaemonReload": "yes"}


@pytest.mark.parametrize(
    ("properties", "others", "expected"),
    [
        ({"Triggers": "b@x.service"}, {"b@x.service": CALM}, []),
        ({"Triggers": "b@x.service"}, {"b@x.service": CHANGED}, ["daemon-reload"]),
        # A timer's process never started, and its service says a failure to a third unit.
        ({"Triggers": "b.service"}, {"b.service": {**CALM, "OnFailure": "c.service"}, "c.service": CHANGED}, ["daemon-reload"]),
        ({"ConsistsOf": "b.service c.service"}, {"b.service": CALM, "c.service": CHANGED}, ["daemon-reload"]),
        ({"Triggers": "b.service"}, {"b.service": {**CALM, "ConsistsOf": "b.service"}}, []),
    ],
)
def test_the_files_of_units_that_it_starts_are_read_too(properties, others, expected):
    """The timer is as it was, and the service that it starts was written anew: systemd went on with the one in its memory, and every run said ok."""
    assert unit.plan(Shown(others, **properties), DEFAULTS)[0] == expected
