# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of paths: what is asked of a host, what is opened on it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.filter.firewall_commands import firewall_commands
from ansible_collections.onprem.wandb.plugins.plugin_utils import _traffic
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import CONTROLLER, Host, PlainVariables

GROUPS = {"cp1": ("kube_control_plane",), "node1": ("kube_node",), "db1": ("mysql",), "db2": ("mysql",), "store1": ("redis", "minio")}
ADDRESSES = {name: "192.0.2.%d" % number for number, name in enumerate(GROUPS, 11)}
DEFAULTS = {"mysql_endpoint_address": "192.0.2.9", "minio_console": False, "kubernetes_pod_cidr": "10.244.0.0/16,fd00::/56"}


def hosts(**of: dict[str, Any]) -> list[Host]:
    """A small site; keyword arguments are variables of single hosts."""
    return [
        Host(name, frozenset(groups), PlainVariables({**DEFAULTS, "ansible_host": ADDRESSES[name], **of.get(name, {})})) for name, groups in GROUPS.items()
    ]


def controller(**variables: Any) -> Host:
    return Host(CONTROLLER, frozenset(), PlainVariables(variables))


def named(all_hosts: list[Host], name: str) -> Host:
    return next(host for host in all_hosts if host.name == name)


def opened(name: str, all_hosts: list[Host], administrators: tuple[str, ...] = ()) -> dict[str, Any]:
    """Port and sources by service."""
    found = _traffic.openings(named(all_hosts, name), all_hosts, controller(), lambda host: _traffic.origins(host, {}), administrators)
    return {item["service"]: (item["port"], item["sources"]) for item in found}


def test_a_node_is_asked_for_what_it_needs_and_for_nothing_else():
    site = hosts(db1={"mysql_port": 3307})
    asked = {(item["target"], item["name"], item["port"]) for item in _traffic.asked_from(named(site, "node1"), site, controller())}
    assert asked == {("cp1", "kube-apiserver", 6443), ("db1", "MySQL", 3307), ("db2", "MySQL", 3306), ("store1", "Redis", 6379), ("store1", "MinIO", 9000)}


def test_a_host_does_not_ask_itself_and_the_control_plane_asks_kubelets():
    site = hosts()
    assert {item["target"] for item in _traffic.asked_from(named(site, "db1"), site, controller())} == {"db2", "store1"}
    assert ("node1", "kubelet") in {(item["target"], item["name"]) for item in _traffic.asked_from(named(site, "cp1"), site, controller())}


def test_a_layers_own_address_is_asked():
    site = hosts(db2={"mysql_address": "10.9.9.2"})
    assert [item["host"] for item in _traffic.asked_from(named(site, "db1"), site, controller()) if item["name"] == "MySQL"] == ["10.9.9.2"]


def test_what_others_must_reach_on_a_host():
    site = hosts()
    assert [(item["service"], item["protocol"], item["port"]) for item in _traffic.asked_at(named(site, "db1"), site, controller())] == [
        ("MySQL", "tcp", 3306),
        ("VRRP of the MySQL address", "vrrp", 0),
    ]
    assert {item["service"] for item in _traffic.asked_at(named(hosts(db1={"mysql_endpoint_address": ""}), "db1"), hosts(), controller())} == {"MySQL"}


@pytest.mark.parametrize(("backend", "port"), [({}, 8472), ({"Type": "vxlan", "Port": 4789}, 4789), ({"Type": "host-gw"}, None), ({"Port": "x"}, None)])
def test_the_tunnel_of_the_pods(backend, port):
    found = {item["service"]: item["port"] for item in _traffic.asked_at(named(hosts(), "node1"), hosts(), controller(cni_flannel_backend=backend))}
    assert found.get("pod network") == port


def test_openings_of_a_database_host_are_for_its_clients_only():
    assert opened("db1", hosts()) == {
        "MySQL": (3306, sorted([ADDRESSES["cp1"], ADDRESSES["node1"], ADDRESSES["db2"]])),
        "VRRP of the MySQL address": (0, [ADDRESSES["db2"]]),
    }


def test_openings_of_the_control_plane():
    found = opened("cp1", hosts(), ("198.51.100.0/24",))
    # A pod on the same host asks under its own address.
    assert found["kube-apiserver"] == (6443, ["10.244.0.0/16", ADDRESSES["node1"], "198.51.100.0/24"])
    assert found["ingress HTTPS"] == (443, [])
    assert "SSH" not in found and "etcd" not in found and "kubelet health" not in found
    assert opened("cp1", hosts())["kube-apiserver"] == (6443, [])


def test_users_reach_the_bucket_from_anywhere_and_the_console_only_when_it_is_on():
    assert opened("store1", hosts())["MinIO"] == (9000, []) and "MinIO console" not in opened("store1", hosts())
    assert opened("store1", hosts(store1={"minio_console": True, "minio_console_port": 9443}))["MinIO console"] == (9443, [])


def test_addresses_that_a_host_may_send_from():
    host = named(hosts(db1={"ansible_host": "db1.example.com", "mysql_address": "10.9.9.1"}), "db1")
    assert _traffic.origins(host, {"default_ipv4": {"address": "192.0.2.77"}, "all_ipv4_addresses": ["192.0.2.77"]}) == ["10.9.9.1", "192.0.2.77"]
    assert _traffic.origins(named(hosts(db1={"ansible_host": "db1.example.com"}), "db1"), {}) == []


def test_rules_for_hosts_that_ansible_reaches_over_ipv6():
    """Rules are IPv4's: role host and the playbook firewall ended at the first address of the other kind."""
    both = {name: {"host_address": address, "ansible_host": "2001:db8::%d" % number} for number, (name, address) in enumerate(ADDRESSES.items(), 11)}
    site = hosts(**both)
    assert opened("db1", site)["MySQL"][1] == [ADDRESSES[name] for name in ("cp1", "node1", "db2")]
    openings = _traffic.openings(named(site, "db1"), site, controller(), lambda host: _traffic.origins(host, {}))
    assert len(firewall_commands(openings, "ufw")) > 3
    route = {"default_ipv6": {"address": "2001:db8::77"}, "all_ipv6_addresses": ["2001:db8::77"]}
    assert _traffic.origins(named(hosts(db1={"ansible_host": "2001:db8::77"}), "db1"), route) == []


def test_every_port_that_others_reach_is_in_the_page():
    import pathlib

    page = (pathlib.Path(__file__).parents[4] / "docs/network.md").read_text(encoding="utf-8")
    for service in _traffic.SERVICES:
        assert (f"| {service.name} |" in page) == bool(service.sources), service.name
