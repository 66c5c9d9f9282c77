# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows become dictionaries, and the lists that roles make with it name every host with its own values."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.onprem.wandb.plugins.filter.records import records

from tests.unit.roles.role_value import value

HOSTS: dict[str, dict[str, t.Any]] = {
    "db1": {"ansible_host": "10.0.0.1", "__mysql_asked": {"skipped": True}, "__bucket_check_asked": {"skipped": True}},
    "db2": {"ansible_host": "10.0.0.2", "mysql_port": 3307, "__mysql_look": {"running": True}, "__mysql_asked": {"state": "started"}},
    "node1": {"__bucket_check_asked": {"findings": []}},
    "localhost": {"__bucket_check_asked": {"findings": ["x"]}},
}
SITE = {"hostvars": HOSTS, "groups": {"mysql": ["db1", "db2"], "kube_node": ["node1"], "all": ["db1", "db2", "node1"]}, "inventory_hostname": "db1"}


def test_one_dictionary_for_each_row() -> None:
    assert records(zip(["a", "b"], [1, 2]), "name", "port") == [{"name": "a", "port": 1}, {"name": "b", "port": 2}]
    assert records([], "name") == []


@pytest.mark.parametrize("row", [["a"], ["a", 1, 2]])
def test_a_row_of_another_length_is_an_error(row: list[t.Any]) -> None:
    with pytest.raises(AnsibleFilterError, match=f"a row has {len(row)} values for the 2 keys name, port"):
        records([row], "name", "port")


ADDRESSES = {"__mysql_addresses": {"db1": "10.0.0.1", "db2": "10.0.0.2"}, "mysql_port": 3306}


def test_the_other_member_has_its_own_port() -> None:
    assert value("mysql", "__mysql_peers", **SITE, **ADDRESSES) == [{"host": "10.0.0.2", "port": 3307}]
    other = {**SITE, "inventory_hostname": "db2"}
    assert value("mysql", "__mysql_peers", **other, **ADDRESSES) == [{"host": "10.0.0.1", "port": 3306}]


def test_a_member_that_was_not_looked_at_has_an_empty_look() -> None:
    assert value("mysql", "__mysql_looked", **SITE, **ADDRESSES) == [
        {"name": "db1", "address": "10.0.0.1:3306", "look": {}},
        {"name": "db2", "address": "10.0.0.2:3307", "look": {"running": True}},
    ]


def test_only_a_witness_that_reached_a_member_answered() -> None:
    assert value("mysql", "__mysql_answers", **SITE) == ["node1"]  # the second member's witness; the controller's question was skipped
    assert value("mysql", "__mysql_answers", **{**SITE, "hostvars": {"db1": {}, "db2": {}}}) == []


def test_machines_that_asked_the_bucket() -> None:
    assert value("bucket_check", "__bucket_check_answers", **SITE) == {"controller": {"findings": ["x"]}, "node1": {"findings": []}}
