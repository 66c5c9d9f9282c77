# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates an inventory asks for."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._certificate_requests import requests

HOSTVARS = {
    "db1": {"ansible_host": "10.0.0.21"},
    "db2.example.com": {},
    "store1": {"ansible_host": "store1-mgmt", "host_address": "10.0.0.31"},
}


def ask(groups, extra=None):
    return {entry["name"]: entry for entry in requests(groups, HOSTVARS, "wandb.example.com", "s3.example.com", "example.com", extra or {})}


def test_a_whole_site():
    found = ask({"mysql": ["db1", "db2.example.com"], "redis": ["store1"], "minio": ["store1"]})
    assert found["ingress"]["hosts"] == ["wandb.example.com"]
    assert found["minio"]["hosts"] == ["s3.example.com", "store1", "store1.example.com", "10.0.0.31", "store1-mgmt"]
    assert found["redis"]["hosts"] == ["store1", "store1.example.com", "10.0.0.31", "store1-mgmt"]
    assert found["mysql-db1"] == {"name": "mysql-db1", "hosts": ["db1", "db1.example.com", "10.0.0.21"], "required_hosts": [], "client": True}
    assert found["mysql-db2.example.com"]["hosts"] == ["db2.example.com"]


def test_mysql_is_known_by_the_address_that_follows_the_primary():
    hostvars = {"db1": {"ansible_host": "192.0.2.21", "mysql_address": "10.0.0.21", "mysql_endpoint_address": "10.0.0.20"}}
    (found,) = (entry for entry in requests({"mysql": ["db1"]}, hostvars, "wandb.example.com", "s3.example.com", "", {}) if entry["name"] == "mysql-db1")
    assert found["hosts"] == ["db1", "192.0.2.21", "10.0.0.21", "10.0.0.20"]
    assert found["required_hosts"] == ["10.0.0.20"]


def test_further_names_of_wandb_are_names_that_clients_use():
    found = requests({}, {}, "wandb.example.com", "s3.example.com", "", {"ingress": ["10.0.0.5"]}, ["ml.corp.example.com", "wandb.example.com"])
    assert found[0]["hosts"] == ["wandb.example.com", "ml.corp.example.com", "10.0.0.5"]
    assert found[0]["required_hosts"] == ["wandb.example.com", "ml.corp.example.com"]


def test_external_services_need_no_certificate():
    assert list(ask({"mysql": [], "kube_node": ["db1"]})) == ["ingress"]


def test_extra_hosts():
    assert ask({}, {"ingress": ["wandb.corp", "wandb.example.com"]})["ingress"]["hosts"] == ["wandb.example.com", "wandb.corp"]
    with pytest.raises(ValueError, match="names minio, which this site does not need. Known names: ingress"):
        ask({}, {"minio": ["x"]})
