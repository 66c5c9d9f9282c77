# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""my.cnf of the role, rendered for several versions."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = pathlib.Path(__file__).parents[3] / "roles/mysql"


def trusted(value: t.Any) -> t.Any:
    """Variables as Ansible reads them from a role."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, dict):
        return {key: trusted(one) for key, one in value.items()}
    return [trusted(one) for one in value] if isinstance(value, list) else value


def templar(**variables: t.Any) -> Templar:
    """The role's variables on a host with 16 GiB."""
    found: dict[str, t.Any] = {
        "inventory_hostname": "db1",
        "inventory_dir": "/inventory",
        "ansible_host": "10.0.0.21",
        "groups": {"mysql": ["db1", "db2"]},
        "hostvars": {"db2": {"ansible_host": "10.0.0.22"}, "db1": {"ansible_host": "10.0.0.21"}},
        "ansible_facts": {"memtotal_mb": 16384, "os_family": "Debian", "distribution": "Debian", "distribution_major_version": "12"},
    }
    for name in ("defaults", "vars"):
        found.update(trusted(yaml.safe_load((ROLE / name / "main.yml").read_text())))
    found["mysql_secrets_dir"] = "/inventory/.secrets"  # the default is a plugin of the collection
    return Templar(loader=DataLoader(), variables={**found, **trusted(variables)})


def my_cnf(**variables: t.Any) -> dict[str, str]:
    """The settings as name: value."""
    text = templar(**variables).template(trust_as_template((ROLE / "templates/my.cnf.j2").read_text()))
    pairs = [line.split(" = ", 1) for line in text.splitlines() if " = " in line and not line.startswith("#")]
    return dict(pairs)


@pytest.mark.parametrize("version", ["8.0.32", "8.0.46", "8.4.11", "9.7.4"])
def test_the_seven_of_wandb_are_exact(version: str) -> None:
    found = my_cnf(mysql_version=version)
    expected = {
        "binlog_format": "ROW",
        "binlog_row_image": "MINIMAL",
        "innodb_flush_log_at_trx_commit": "1",
        "innodb_online_alter_log_max_size": "268435456",
        "max_prepared_stmt_count": "1048576",
        "sort_buffer_size": "67108864",
        "sync_binlog": "1",
    }
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(("version", "there"), [("8.0.46", True), ("8.4.11", False), ("9.7.4", False)])
def test_dependency_tracking_is_a_setting_of_80_only(version: str, there: bool) -> None:
    assert ("binlog_transaction_dependency_tracking" in my_cnf(mysql_version=version)) == there


def test_every_start_is_closed_and_keeps_what_was_received() -> None:
    found = my_cnf()
    assert (found["super_read_only"], found["skip_replica_start"], found["relay_log_recovery"]) == ("ON", "ON", "OFF")
    assert "rpl_semi_sync_source_enabled" not in found
    assert "loose_rpl_semi_sync_source_enabled" not in found


def test_semi_sync_is_loose_and_endless() -> None:
    found = my_cnf()
    assert not [name for name in found if name.startswith("rpl_semi_sync")]
    assert found["loose_rpl_semi_sync_source_timeout"] == "1000000000000000000"
    assert my_cnf(mysql_durability="available")["loose_rpl_semi_sync_source_timeout"] == "10000"


def test_numbers_come_from_the_host() -> None:
    found = my_cnf()
    assert found["server_id"] == str(10 * 2**24 + 21)
    assert found["report_host"] == "10.0.0.21"
    assert found["innodb_buffer_pool_size"] == str((16384 - 2048) * 65 // 100 // 128 * 128 * 2**20)
    assert my_cnf(ansible_facts={"memtotal_mb": 1024})["innodb_buffer_pool_size"] == str(128 * 2**20)
    assert 0 < int(my_cnf(ansible_host="db1.example.com")["server_id"]) < 2**32


def test_own_settings_are_added_and_those_of_wandb_kept() -> None:
    found = my_cnf(mysql_settings={"innodb_redo_log_capacity": 2**30, "sort_buffer_size": 1})
    assert found["innodb_redo_log_capacity"] == str(2**30)
    assert found["sort_buffer_size"] == "67108864"


def test_the_peers_are_the_others() -> None:
    assert templar().template(trust_as_template("{{ __mysql_peers }}")) == [{"host": "10.0.0.22", "port": 3306}]
    assert templar(groups={"mysql": ["db1"]}).template(trust_as_template("{{ __mysql_peers }}")) == []
