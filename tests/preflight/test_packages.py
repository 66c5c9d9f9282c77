# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host's own repositories have: asked of real apt, with repositories that lack a package, have another version, or do not answer."""

from __future__ import annotations

import subprocess
from typing import Any

SOURCES = "/etc/apt/sources.list"
BACK = f"mv /run/sources.kept {SOURCES}; rm -rf /run/planted /var/lib/apt/lists/*"
# What a system has that was installed from a medium, and a repository of a program that is no more.
DEAD = "deb cdrom:[Debian GNU/Linux 12]/ bookworm main\\ndeb [trusted=yes] http://127.0.0.1:9/gone ./"
# Newer than the mirror's, as Debian 13 has it. A list is enough: nothing is downloaded.
NEWER = (
    "Package: redis-server\\nVersion: 5:8.0.2-3\\nArchitecture: all\\nMaintainer: x <x@example.com>\\nDescription: x\\nFilename: ./x.deb\\nSize: 1\\n"
    "SHA256: 0000000000000000000000000000000000000000000000000000000000000000\\n"
)


def plant(host: str, lines: str, keep: bool = True, packages: str = "") -> tuple[str, str, str]:
    """Other lines in a host's sources.list, before its own or in their place."""
    own = "/run/sources.kept" if keep else "/dev/null"
    made = f"mkdir -p /run/planted && printf '{packages}' > /run/planted/Packages && " if packages else ""
    return host, f"cp {SOURCES} /run/sources.kept && rm -rf /var/lib/apt/lists/* && {made}(printf '{lines}\\n'; cat {own}) > {SOURCES}", BACK


def test_a_version_that_the_role_would_refuse(lab: Any) -> None:
    with lab.planted([plant("db1", "deb [trusted=yes] file:/run/planted ./", packages=NEWER)]):
        report = lab.preflight()
        lists = lab.ssh("db1", "ls /var/lib/apt/lists").split()
    (finding,) = report.about("redis_package_names")
    assert report.code != 0 and finding["host"] == "db1" and report.problems() == {("db1", "redis_package_names")}, report.output
    assert finding["value"].startswith("its repositories have redis-server 5:8.0.2-3")
    assert not [name for name in lists if "Packages" in name], "the host's own lists are left as they were"


def test_a_package_that_nobody_has(lab: Any) -> None:
    report = lab.preflight(mysql_backup_packages=["restic", "no-such-package"])
    (finding,) = report.findings
    assert (finding["variable"], sorted(finding["host"].split(", "))) == ("mysql_backup_packages", ["db1", "db2"]), report.output
    assert finding["value"] == "its repositories have no no-such-package"


def test_a_medium_and_a_dead_repository_before_the_good_one(lab: Any) -> None:
    """Preflight is content, and what the role calls installs all the same."""
    with lab.planted([plant("cp1", DEAD), ("cp1", "true", "! command -v socat >/dev/null || apt-get -qq -y purge socat >/dev/null")]):
        report = lab.preflight()
        asked = ["-m", "onprem.wandb.os_packages", "-a", '{"names": ["socat"]}']
        words = ["ansible", "-i", str(lab.inventory), "cp1", "-b", "-e", f"lab_state={lab.state}", *asked]
        done = subprocess.run(words, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0 and "CHANGED" in done.stdout, done.stdout + done.stderr
        assert "install ok installed" in lab.ssh("cp1", "dpkg-query --show --showformat='${Status}' socat")
    assert report.code == 0 and not report.problems(), report.output


def test_no_repository_answers(lab: Any) -> None:
    with lab.planted([plant("cp1", DEAD, keep=False)]):
        report = lab.preflight()
    (finding,) = report.about("packages of role host")
    assert report.problems() == {("cp1", "packages of role host")}, report.output
    assert "no chrony" in finding["value"] and "cdrom" in finding["value"] and "http://127.0.0.1:9/gone" in finding["value"]
