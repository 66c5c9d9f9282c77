# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sandboxes hold what README.md says, and the server cannot write beside its own directories."""

from __future__ import annotations

import re
import sys

import pytest
from backup_site import TOP, Site

sys.path.insert(0, str(TOP / "tests/tools"))

import units

PAGE = (TOP / "README.md").read_text(encoding="utf-8")
SAID = {name: float(figure) for name, figure in re.findall(r"^\| `([^`]+)` \| ([0-9.]+) \|", PAGE, re.MULTILINE)}


def test_no_unit_is_more_open_than_the_page_says(site: Site) -> None:
    found = {name: float(unit["exposure"]) for name, unit in units.collect(site.state).items() if name.startswith("mysql")}
    assert {"mysqld.service", "mysql-role-guard.service", "mysql-backup@.service"} <= set(found)
    assert {name: figure for name, figure in found.items() if figure > SAID.get(name, -1)} == {}


@pytest.mark.parametrize(("path", "free"), [("/var/lib/mysql", True), ("/var/lib/onprem-wandb/mysql-backup", True), ("/var/lib", False), ("/etc", False)])
def test_what_the_server_can_write(site: Site, path: str, free: bool) -> None:
    """In its own view of the file systems, as root would see it: rights of files are not asked."""
    made = f"nsenter -t $(systemctl show mysqld -p MainPID --value) -m -- sh -c 'touch {path}/.probe && rm {path}/.probe'"
    assert ("Read-only file system" in site.ssh("db1", made, code=0 if free else 1)) is not free
