# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shapes of the groups."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import topology

REST = {"kube_control_plane": ["cp1"], "kube_node": ["node1"], "redis": ["store1"], "minio": ["store1"]}


def test_primary_is_the_standby(site, found):
    assert found(topology.mysql_machines(site(hosts={"db2": {"ansible_host": "192.0.2.5"}, "db1": {"ansible_host": "192.0.2.5"}}))) == [
        ("site", "group mysql", "problem")
    ]
    assert list(topology.mysql_machines(site(hosts={"db2": {"host_address": "10.0.0.5"}, "db1": {"host_address": "10.0.0.5"}})))


def test_no_mysql_host_is_an_external_one(site):
    assert not list(topology.mysql_machines(site(groups=REST)))
    assert not list(topology.mysql_machines(site()))


def test_groups_of_one(site, found):
    groups = {**REST, "mysql": ["db1", "db2"], "redis": ["store1", "store2"]}
    assert {item[1] for item in found(topology.single_hosts(site(groups=groups)))} == {"group redis"}
    assert not list(topology.single_hosts(site()))


def test_one_machine_under_two_names(site, found):
    assert found(topology.same_address(site(hosts={"node1": {"ansible_host": "192.0.2.1"}}))) == [("cp1, node1", "address", "problem")]
    assert not list(topology.same_address(site()))


@pytest.mark.parametrize("names", [[], ["store1"], ["store1", "store2", "store3"]])
def test_sets_that_can_lose_a_host(site, names):
    assert not list(topology.minio_pair(site(groups={**REST, "minio": names})))


def test_a_set_of_two_hosts(site, found):
    groups = {**REST, "minio": ["store1", "store2"]}
    assert found(topology.minio_pair(site(groups=groups))) == [("site", "group minio", "problem")]
    assert topology.minio_pair in topology.RULES
    (finding,) = topology.minio_pair(site(groups=groups))
    assert finding.value == "store1, store2" and "minio_backup_target" in finding.remedy
    somebody = {"ports": [{"port": 9000, "address": "::", "ours": False}]}
    assert found(topology.minio_pair(site(groups=groups, measured={"store2": somebody}))) == [("site", "group minio", "problem")]


def test_a_set_of_two_hosts_that_runs_is_only_told(site, found):
    """site.yml still has to bring it certificates."""
    groups, ours = {**REST, "minio": ["store1", "store2"]}, {"ports": [{"port": 9500, "address": "::", "ours": True}]}
    assert found(topology.minio_pair(site({"minio_port": 9500}, groups=groups, measured={"store2": ours}))) == [("site", "group minio", "warning")]


def test_inventory_without_known_groups(site, found):
    assert found(topology.some_hosts(site(groups={"webservers": ["w1"]}))) == [("site", "groups", "problem")]
    assert not list(topology.some_hosts(site()))


@pytest.mark.parametrize("address", ["localhost", "localhost.localdomain", "127.0.0.1", "127.0.1.1", "::1", "[::1]", "db.localhost"])
def test_the_machine_itself(site, found, address):
    """FC-45: W&B's pods were told localhost as their database."""
    assert found(topology.itself(site(hosts={"db1": {"ansible_host": address}}))) == [("db1", "host_address", "problem")]
    assert not list(topology.itself(site(hosts={"db1": {"ansible_host": address, "host_address": "192.0.2.5"}})))


def test_hosts_with_addresses_of_their_own(site):
    assert not list(topology.itself(site()))
    assert not list(topology.held(site()))
    assert not list(topology.held(site(hosts={"db1": {"ansible_host": "db1.example.com"}})))
    assert not list(topology.held(site(measured={"db1": {"addresses": []}}, hosts={"db1": {"ansible_host": "203.0.113.9"}})))


@pytest.mark.parametrize(
    ("host", "own", "severity"),
    [
        ("store1", {"host_address": "203.0.113.9"}, "problem"),
        ("store1", {"ansible_host": "203.0.113.9"}, "warning"),
        ("db1", {"ansible_host": "203.0.113.9"}, "problem"),
        ("db1", {"ansible_host": "203.0.113.9", "mysql_endpoint_address": ""}, "warning"),
    ],
)
def test_an_address_that_no_interface_has(site, found, host, own, severity):
    """FC-17: Redis and keepalived bind to it."""
    assert found(topology.held(site(hosts={host: own}))) == [(host, "host_address", severity)]


def test_two_nodes_of_one_name(site, found):
    twice = {"node1": {"kubernetes_node_name": "worker"}, "node2": {"kubernetes_node_name": "worker"}}
    assert found(topology.node_names(site(hosts=twice))) == [("node1, node2", "kubernetes_node_name", "problem")]
    assert not list(topology.node_names(site()))
