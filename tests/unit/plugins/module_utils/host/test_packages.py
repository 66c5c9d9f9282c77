# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the package managers say, word by word."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._host import packages as o
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import packages as apply


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


class Host:
    """rpm and dnf on a host that was installed in German: LANGUAGE=de_DE. As glibc does it, that counts unless LC_ALL is C itself."""

    check_mode = False

    def __init__(self) -> None:
        self.params = {"names": ["chrony", "socat"], "timeout": 5}
        self.installed = {"chrony"}

    def get_bin_path(self, name: str) -> str:
        return "/usr/bin/dnf" if name == "dnf" else ""

    def run_command(self, words: list[str], environ_update: t.Optional[dict[str, str]] = None) -> tuple[int, str, str]:
        found = {"LANG": "de_DE.UTF-8", "LANGUAGE": "de_DE:de", **(environ_update or {})}
        english = found.get("LC_ALL") == "C" or found["LANGUAGE"] == "C"
        if words[0] == "dnf":
            self.installed |= set(words[4:])
            return 0, "", ""
        said = "package %s is not installed" if english else "Das Paket %s ist nicht installiert"
        return 1, "".join(f"{name}-1.0-1.el9.x86_64\n" if name in self.installed else f"{said % name}\n" for name in words[2:]), ""


def test_what_is_missing_is_installed_on_a_host_that_speaks_another_language() -> None:
    host = Host()
    assert apply.run(t.cast(t.Any, host)) == {"changed": True, "installed": ["socat"]}
    assert host.installed == {"chrony", "socat"}


def test_apt_speaks_english_whatever_the_host_speaks() -> None:
    """Its words decide whether it is tried again; LC_ALL=C.UTF-8 alone leaves LANGUAGE in force."""
    assert apply.APT_ENVIRONMENT["LANGUAGE"] == "C"
