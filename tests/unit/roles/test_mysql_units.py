# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox of the server's unit, rendered: what it may write, and which capability it has."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = pathlib.Path(__file__).parents[3] / "roles/mysql"
HERE = {"inventory_hostname": "db1", "inventory_dir": "/inventory", "ansible_host": "10.0.0.21", "groups": {"mysql": ["db1"]}, "ansible_check_mode": True}


def rendered(text: str, **variables: object) -> Any:
    """A template with the role's defaults and variables."""
    found: dict[str, object] = {**HERE, "ansible_facts": {"memtotal_mb": 16384}}
    for part in ("defaults", "vars"):
        read = yaml.safe_load((ROLE / part / "main.yml").read_text())
        found |= {key: trust_as_template(value) if isinstance(value, str) else value for key, value in read.items()}
    found["mysql_secrets_dir"] = "/inventory/.secrets"  # the default is a plugin of the collection
    return Templar(DataLoader(), variables={**found, **variables}).template(trust_as_template(text))


def unit(name: str = "mysqld.service", **variables: object) -> dict[str, str]:
    """Directives as name: value; of a repeated one the last."""
    text = rendered((ROLE / f"templates/{name}.j2").read_text(), **variables)
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


def test_names_with_dashes_and_paths_that_no_setting_names() -> None:
    settings = {"log-error": "/var/log/mysql/error.log", "innodb-redo-log-archive-dirs": "nightly:/srv/redo", "max_allowed_packet": 64}
    found = unit(mysql_settings=settings, mysql_writable_paths=["/srv/keyring"])["ReadWritePaths"].split()
    assert sorted(found[2:]) == ["-/srv/keyring", "-/srv/redo", "-/var/log/mysql"]


@pytest.mark.parametrize(
    ("procedure", "asked", "seconds"),
    [("switchover", "", 60), ("switchover", "0", "0"), ("switchover", "5", "5"), ("undegrade", "", 60), ("undegrade", "5", 60)],
)
def test_the_lag_of_the_inventory_counts_where_nothing_else_is_said(procedure: str, asked: str, seconds: object) -> None:
    values = {"mysql_max_lag": 60, "mysql_switchover_max_lag": asked, "mysql_procedure": procedure, "mysql_primary": "db1", "mysql_site_name": "lab"}
    options = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__mysql_options"]
    assert rendered(options["max_lag"], **values) == seconds


@pytest.mark.parametrize(("port", "capabilities"), [(3306, ""), (306, "CAP_NET_BIND_SERVICE")])
def test_a_capability_for_a_low_port_only(port: int, capabilities: str) -> None:
    found = unit(mysql_port=port)
    assert found["CapabilityBoundingSet"] == capabilities
    assert found.get("AmbientCapabilities", "") == capabilities


@pytest.mark.parametrize(("name", "own"), [("mysqld.service", {"/var/lib/mysql", "/var/lib/onprem-wandb/mysql-backup"}), ("mysql-role-guard.service", set())])
def test_nothing_else_is_writable(name: str, own: set[str]) -> None:
    found = unit(name)
    assert {path.lstrip("-+") for path in found.get("ReadWritePaths", "").split()} == own
    assert (found["ProtectSystem"], found["NoNewPrivileges"], found["SystemCallFilter"]) == ("strict", "true", "@system-service")
