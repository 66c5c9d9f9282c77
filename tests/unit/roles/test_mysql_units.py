# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox of the server's unit, rendered: what it may write, and which capability it has."""

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = pathlib.Path(__file__).parents[3] / "roles/mysql"
HERE = {"inventory_hostname": "db1", "inventory_dir": "/inventory", "ansible_host": "10.0.0.21", "groups": {"mysql": ["db1"]}}


def unit(name: str = "mysqld.service", **variables: object) -> dict[str, str]:
    """Directives as name: value; of a repeated one the last."""
    found: dict[str, object] = {**HERE, "ansible_facts": {"memtotal_mb": 16384}}
    for part in ("defaults", "vars"):
        read = yaml.safe_load((ROLE / part / "main.yml").read_text())
        found |= {key: trust_as_template(value) if isinstance(value, str) else value for key, value in read.items()}
    template = trust_as_template((ROLE / f"templates/{name}.j2").read_text())
    text = Templar(DataLoader(), variables={**found, **variables}).template(template)
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def test_the_server_writes_its_data_and_copies_of_itself() -> None:
    assert unit()["ReadWritePaths"] == "/var/lib/mysql -/var/lib/onprem-wandb/mysql-backup"
    assert unit(mysql_backup_state_dir="/srv/copies")["ReadWritePaths"] == "/var/lib/mysql -/srv/copies"


def test_directories_of_the_sites_own_settings() -> None:
    settings = {"tmpdir": "/srv/tmp1:/srv/tmp2", "innodb_directories": "/srv/a;/srv/b", "log_error": "/var/log/mysql/error.log"}
    settings["slow_query_log_file"] = "slow.log"  # in the data directory
    found = unit(mysql_settings=settings, mysql_data_dir="/data")["ReadWritePaths"].split()
    assert found[0] == "/data"
    assert found[2:] == ["-/srv/tmp1", "-/srv/tmp2", "-/srv/a", "-/srv/b", "-/var/log/mysql"]


@pytest.mark.parametrize(("port", "capabilities"), [(3306, ""), (306, "CAP_NET_BIND_SERVICE")])
def test_a_capability_for_a_low_port_only(port: int, capabilities: str) -> None:
    found = unit(mysql_port=port)
    assert found["CapabilityBoundingSet"] == capabilities
    assert found.get("AmbientCapabilities", "") == capabilities


@pytest.mark.parametrize("name", ["mysqld.service", "mysql-role-guard.service"])
def test_nothing_else_is_writable(name: str) -> None:
    found = unit(name)
    assert (found["ProtectSystem"], found["NoNewPrivileges"], found["SystemCallFilter"]) == ("strict", "true", "@system-service")
