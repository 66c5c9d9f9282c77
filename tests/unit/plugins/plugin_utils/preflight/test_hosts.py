# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about machines, each with an input that passes and one that fails."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import RULES, evaluate, hosts
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.values import load_variables


def test_a_healthy_site_has_no_findings(site):
    assert list(evaluate(site())) == []


def test_every_rule_of_every_topic_is_registered():
    assert len(RULES) == len(set(RULES)) > 25


def test_unreachable_host(site, found):
    broken = site()
    broken.hosts["db1"].measured, broken.hosts["db1"].error = {}, "no route to host"
    assert found(evaluate(broken)) == [("db1", "ansible_host", "problem")]


@pytest.mark.parametrize("architecture", ["aarch64", "armv7l", "i686", "ppc64le", "s390x"])
def test_architecture(site, found, architecture):
    assert found(hosts.architecture(site(measured={"db1": {"architecture": architecture}}))) == [("db1", "CPU architecture", "problem")]


@pytest.mark.parametrize(
    ("name", "version"),
    [("debian", "12"), ("debian", "13"), ("ubuntu", "22.04"), ("ubuntu", "24.04"), ("ubuntu", "26.04"), ("rhel", "9.6"), ("rocky", "10.1")],
)
def test_supported_systems(name, version):
    assert hosts.supported_os({"id": name, "version": version})


@pytest.mark.parametrize(
    ("name", "version"), [("debian", "11"), ("debian", ""), ("ubuntu", "20.04"), ("ubuntu", "25.10"), ("rhel", "8.10"), ("fedora", "42"), ("", "")]
)
def test_unsupported_systems(site, found, name, version):
    release = {"id": name, "id_like": ["debian"], "version": version, "name": ""}
    assert found(hosts.operating_system(site(measured={"cp1": {"os": release}}))) == [("cp1", "operating system", "problem")]


def test_kernel(site, found):
    old = {"cp1": {"kernel": "5.10.0-30-amd64"}, "node1": {"kernel": "4.18.0-553.el8.x86_64"}, "node2": {"kernel": "5.14.0-503.el9.x86_64"}}
    assert found(hosts.kernel(site(measured=old))) == [("cp1", "kernel", "problem"), ("node1", "kernel", "problem")]


def test_kernel_of_a_database_host_does_not_matter(site):
    assert not list(hosts.kernel(site(measured={"db1": {"kernel": "5.10.0-30-amd64"}})))


V1 = {"cgroup": {"version": 1, "filesystem": "tmpfs"}}


def test_cgroup_v1_on_a_node(site, found):
    assert found(hosts.cgroups(site(measured={"node1": V1, "db1": V1}))) == [("node1", "cgroup hierarchy", "problem")]


def test_cgroup_v1_allowed_explicitly(site):
    assert not list(hosts.cgroups(site({"preflight_allow_cgroup_v1": True}, measured={"node1": V1})))


def test_cgroup_v1_not_allowed_by_text(site):
    assert list(hosts.cgroups(site({"preflight_allow_cgroup_v1": "false"}, measured={"node1": V1})))


SWAP = {"swap": [{"device": "/dev/sda2", "size_mb": 2048}]}


def test_swap(site, found):
    assert found(hosts.swap(site({"host_swap_off": False}, measured={"db2": SWAP}))) == [("db2", "swap", "problem")]


def test_swap_that_the_role_switches_off(site, found):
    assert found(hosts.swap(site({"host_swap_off": True}, measured={"db2": SWAP}))) == [("db2", "swap", "warning")]
    assert load_variables("defaults/main.yml")["host"]["host_swap_off"] is True


def test_swap_allowed(site):
    assert not list(hosts.swap(site(hosts={"db2": {"preflight_allow_swap": True}}, measured={"db2": SWAP})))


@pytest.mark.parametrize(
    ("host", "measured", "variable"),
    [
        ("node1", {"cpus": 7}, "CPUs"),
        ("node1", {"memory_mb": 60000}, "memory"),
        ("db1", {"disks": [{"path": "/var/lib/mysql", "device": 1, "total_gb": 470.0, "free_gb": 400.0}]}, "disk of /var/lib/mysql"),
    ],
)
def test_too_small_for_production(site, found, host, measured, variable):
    assert found(hosts.resources(site(measured={host: measured}))) == [(host, variable, "problem")]


def test_smaller_size_takes_smaller_hosts(site):
    small = {"node1": {"cpus": 2, "memory_mb": 15700}}
    assert not list(hosts.resources(site({"preflight_size": "test"}, measured=small)))
    assert len(list(hosts.resources(site({"preflight_size": "test", "preflight_product_mix": "weave"}, measured=small)))) == 2


def test_own_minimums_replace_figures(site, found):
    tiny = {"db1": {"cpus": 1, "memory_mb": 2000}}
    own = {"mysql": {"cpus": 1, "memory_gb": 2, "disk_free_gb": 5}}
    assert not list(hosts.resources(site({"preflight_minimums": own}, measured=tiny)))
    own["mysql"]["disk_free_gb"] = 950
    assert {item[1] for item in found(hosts.resources(site({"preflight_minimums": own}, measured=tiny)))} == {"disk of /var/lib/mysql"}


def test_custom_size_without_minimums_asks_for_nothing(site):
    assert not list(hosts.resources(site({"preflight_size": "custom"}, measured={"db1": {"cpus": 1, "memory_mb": 512}})))


def test_services_on_one_host_add_up(site):
    needs = hosts.needs(site().hosts["store1"])
    assert needs["cpus"] == 6 and needs["memory_gb"] == 20


def test_a_file_system_counts_once_and_several_add_up(site):
    def disks(*devices):
        return {"db1": {"disks": [{"path": "/p%d" % number, "device": device, "total_gb": 300.0, "free_gb": 200.0} for number, device in enumerate(devices)]}}

    assert list(hosts.resources(site(measured=disks(1, 1))))
    assert not list(hosts.resources(site(measured=disks(1, 2))))


def test_a_nearly_full_node_would_evict_pods(site, found):
    full = {"node1": {"disks": [{"path": "/var/lib/kubelet", "device": 1, "total_gb": 252.0, "free_gb": 30.0}]}}
    assert found(hosts.eviction(site(measured=full))) == [("node1", "disk of /var/lib/kubelet", "problem")]
    assert not list(hosts.eviction(site({"kubernetes_kubelet_config_overrides": {"evictionHard": {"nodefs.available": "1%"}}}, measured=full)))
    assert not list(hosts.eviction(site(measured={"db1": full["node1"]})))


def test_number_of_nodes(site, found):
    groups = {"kube_control_plane": ["cp1"], "kube_node": ["node1", "node2"]}
    assert found(hosts.number_of_nodes(site(groups=groups))) == [("site", "group kube_node", "problem")]
    assert not list(hosts.number_of_nodes(site()))
    assert not list(hosts.number_of_nodes(site({"preflight_minimums": {"kube_node": {"hosts": 2}}}, groups=groups)))
    assert not list(hosts.number_of_nodes(site(groups=groups, limited=True)))


def test_no_default_route_is_a_warning_when_no_address_is_set(site, found):
    measured = {"node1": {"default_route": False}}
    assert not list(hosts.default_route(site(measured=measured)))
    assert found(hosts.default_route(site(hosts={"node1": {"ansible_host": ""}}, measured=measured))) == [("node1", "default route", "warning")]
