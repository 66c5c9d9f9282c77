# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A first run that is broken off right after the package has started its server: the next preflight must not take it for somebody else's."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.interface import REDIS_MARKERS

from .role_value import ROLES, value

TASKS: list[dict[str, t.Any]] = yaml.safe_load((ROLES / "redis/tasks/main.yml").read_text())
NAMES = [task["name"] for task in TASKS]


@pytest.mark.parametrize("sysctl", [{}, {"vm.overcommit_memory": 1}])
def test_a_marker_is_there_before_the_package_whatever_the_kernel_is_asked_for(sysctl: dict[str, int]) -> None:
    """In a container the kernel is the machine's: redis_sysctl is empty, and its file was the marker."""
    begin = TASKS[NAMES.index("Say whose host this is, and set what the kernel must allow")]
    assert "when" not in begin
    assert NAMES.index(begin["name"]) < min(NAMES.index("Install the module stream"), NAMES.index("Install the packages"))
    marker, kernel = begin["onprem.wandb.host_state"]["states"]
    (entry,) = value("redis", marker["files"].strip("{ }"))
    assert entry["path"] in REDIS_MARKERS and entry["content"]
    # Without a value the file of former ones goes: the module writes no text, no file.
    assert value("redis", kernel["kernel"]["sysctl"].strip("{ }"), redis_sysctl=sysctl) == sysctl


def test_a_reset_host_is_nobodys() -> None:
    removed = [entry["path"] for entry in value("redis", "__redis_removed", ansible_facts={"os_family": "Debian"})]
    assert set(removed) >= {mark.partition("::")[0] for mark in REDIS_MARKERS}
