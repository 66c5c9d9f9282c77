# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What apt and dnf say about packages that they would install. The answers of dnf are those of 4.14 about a small repository, those of apt of 2.6."""

from __future__ import annotations

import os
import tempfile

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._host import offered

REDIS = {"role": "redis", "name": "redis-server", "oldest": "7", "below": "8"}
RESTIC = {"role": "mysql_backup", "name": "restic"}
POLICY = """redis-server:
  Installed: (none)
  Candidate: %s
  Version table:
     %s 500
        500 http://deb.example.com/debian bookworm/main amd64 Packages
restic:
  Installed: (none)
  Candidate: (none)
  Version table:
"""
DEAD = """Ign:1 cdrom://[Debian GNU/Linux 12] bookworm InRelease
Err:2 cdrom://[Debian GNU/Linux 12] bookworm Release
  Please use apt-cdrom to make this CD-ROM recognized by APT. apt-get update cannot be used to add new CD-ROMs
Ign:3 http://127.0.0.1:9/gone ./ InRelease
Err:3 http://me:secret@127.0.0.1:9/gone ./ InRelease
  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)
Reading package lists...
"""


class Host:
    """Answers commands out of a table by the words that a command has; what has no answer fails."""

    def __init__(self, **answers: tuple[int, str, str]) -> None:
        self.answers = {key.replace("_", " "): value for key, value in answers.items()}
        self.asked: list[str] = []

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        line = " ".join(command)
        self.asked.append(line)
        fresh = "fresh policy" if "Dir::State::lists" in line and line.endswith(("redis-server", "restic")) else ""
        key = fresh or next((key for key in self.answers if key in line and key != "fresh policy"), "")
        return self.answers.get(key, (1, "", ""))

    def measure(self, *wanted: dict[str, str], tool: str = "apt-get") -> dict[str, object]:
        return offered.measure(self, lambda name: name if name == tool else None, wanted)


@pytest.mark.parametrize(("release", "system"), [
    ({"id": "debian", "version": "12"}, "debian 12"),
    ({"id": "ubuntu", "version": "24.04"}, "ubuntu 24.04"),
    ({"id": "rocky", "version": "9.4"}, "el 9"),
    ({"id": "rhel", "version": "10.0"}, "el 10"),
])
def test_the_system_by_which_packages_are_named(release, system):
    assert offered.system_of(release) == system


@pytest.mark.parametrize(("version", "good"), [
    ("5:7.0.15-1~deb12u5", True), ("7.2.4", True), ("7", True), ("5:8.0.2-3", False), ("6:6.0.16-1", False), ("", False), ("7.4.0+dfsg-1", True),
])
def test_a_version_in_the_range(version, good):
    assert offered.fits(version, REDIS) == good


def test_without_a_range_any_version_will_do_and_none_will_not():
    assert offered.fits("0.1", RESTIC) and not offered.fits("", RESTIC)
    assert offered.fits("1.60.1+dfsg-2", {"name": "rclone", "oldest": "1.59"}) and not offered.fits("1.53.3-4", {"name": "rclone", "oldest": "1.59"})


def test_what_is_installed_is_not_asked_for():
    host = Host(dpkg=(0, "ii |redis-server|5:7.0.15-1\nii |restic|0.14.0-1\n", ""))
    assert host.measure(REDIS, RESTIC) == {"lacking": [], "silent": []}
    assert len(host.asked) == 1, "a second run of a site costs one look into dpkg's database"


def test_another_version_is_installed():
    found = Host(dpkg=(0, "ii |redis-server|5:8.0.2-3\n", "")).measure(REDIS)
    assert found == {"lacking": [{**REDIS, "seen": "5:8.0.2-3", "installed": True}], "silent": []}


def test_what_the_lists_have_needs_no_new_ones():
    host = Host(dpkg=(1, "", "no packages"), **{"apt-cache policy": (0, POLICY % ("5:7.0.15-1", "x"), "")})
    assert host.measure(REDIS)["lacking"] == []
    assert not any("update" in line for line in host.asked)


def test_lists_that_do_not_have_it_are_fetched_elsewhere_and_taken_away(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    host = Host(**{"apt-cache policy": (0, "", ""), "fresh policy": (0, POLICY % ("5:8.0.2-3", "5:8.0.2-3"), ""), "update": (100, DEAD, "")})
    found = host.measure(REDIS, RESTIC)
    assert [(item["name"], item["seen"], item["installed"]) for item in found["lacking"]] == [("redis-server", "5:8.0.2-3", False), ("restic", "", False)]
    assert found["silent"] == [
        "cdrom://[Debian GNU/Linux 12] bookworm Release: Please use apt-cdrom to make this CD-ROM recognized by APT. apt-get update cannot be used to add new "
        "CD-ROMs",
        "http://127.0.0.1:9/gone ./ InRelease: Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)",
    ]
    assert f"Dir::State::lists={tmp_path}" in next(line for line in host.asked if line.endswith("update"))
    assert os.listdir(tmp_path) == []


def test_a_repository_that_is_dead_is_nobodys_business_when_another_one_has_it():
    host = Host(**{"apt-cache policy": (0, "", ""), "fresh policy": (0, POLICY % ("5:7.0.15-1", "5:7.0.15-1"), ""), "update": (100, DEAD, "")})
    assert host.measure(REDIS)["lacking"] == []


def test_enterprise_linux():
    stream = {"role": "redis", "name": "@redis:7", "oldest": "7", "below": "8"}
    host = Host(rpm=(1, "package redis is not installed\n", ""), module=(1, "", "Error: No matching Modules to list\n"), repoquery=(0, "\nchrony|4.5\n\n", ""))
    found = host.measure({"role": "host", "name": "chrony"}, RESTIC, stream, tool="dnf")
    assert [(item["name"], item["seen"]) for item in found["lacking"]] == [("restic", ""), ("@redis:7", "")]
    assert found["silent"] == []
    host.answers["module"] = (0, "Name : redis\nStream : 7\n", "")
    assert [item["name"] for item in host.measure(stream, tool="dnf")["lacking"]] == []


def test_enterprise_linux_with_its_repositories_away():
    said = "Error: Failed to download metadata for repo 'appstream': Cannot prepare internal mirrorlist\n"
    found = Host(rpm=(1, "", ""), repoquery=(1, "", said)).measure(RESTIC, tool="dnf")
    assert found["silent"] == ["Failed to download metadata for repo 'appstream': Cannot prepare internal mirrorlist"]
    assert Host(rpm=(0, "restic|0.16.4\n", "")).measure(RESTIC, tool="dnf") == {"lacking": [], "silent": []}


def test_a_system_without_either_is_another_finding():
    assert Host().measure(REDIS, tool="pacman") == {"lacking": [], "silent": []}
