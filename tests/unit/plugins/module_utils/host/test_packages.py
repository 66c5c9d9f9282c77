# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the package managers say, word by word."""

from __future__ import annotations

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._host import packages as o


def test_debs() -> None:
    output = "ii |chrony\nrc |socat\niU |ethtool\niHR|nftables\nhi |conntrack\ndpkg-query: no packages found matching nope\n"
    assert o.missing_debs(["chrony", "socat", "ethtool", "nftables", "conntrack", "nope"], output) == ["socat", "ethtool", "nftables", "nope"]


def test_rpms() -> None:
    output = "chrony-4.5-1.el9.x86_64\npackage socat is not installed\nkernel-5.14.0-1.x86_64\nkernel-5.14.0-2.x86_64\n"
    assert o.missing_rpms(["chrony", "socat", "kernel"], output) == ["socat"]


@pytest.mark.parametrize("text", [
    "E: Unable to locate package chrony", "E: Package 'x' has no installation candidate", "E: Failed to fetch http://mirror/x.deb  404  Not Found",
])
def test_answers_that_a_new_list_may_cure(text: str) -> None:
    assert o.curable(text)


def test_answers_that_it_cannot() -> None:
    assert not o.curable("E: You don't have enough free space in /var/cache/apt/archives/.")
    assert not o.locked("E: Unable to locate package chrony")


def test_a_lock() -> None:
    assert o.locked("E: Could not get lock /var/lib/apt/lists/lock. It is held by process 12 (apt-get)")


def test_the_reason_is_the_error_and_not_the_progress() -> None:
    assert o.reason("Reading package lists...\nBuilding dependency tree...\nE: Unable to locate package nope\n") == "E: Unable to locate package nope"
    assert o.reason("something\n") == "something"
