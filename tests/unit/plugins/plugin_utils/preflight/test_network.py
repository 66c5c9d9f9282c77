# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names, ranges, ports, endpoints."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import network


@pytest.mark.parametrize(
    "name",
    [
        *("10.0.0.1", "2001:db8::1", "[2001:db8::1]", "wandb", "https://wandb.example.com", "wandb.example.com/", "wandb.example.com:443"),
        *("wandb_1.example.com", "-a.example.com", "wandb..com", "WandB.example.com", "wandb.example.com.", "*.example.com", "a" * 64 + ".example.com"),
    ],
)
def test_names_that_will_not_do(site, found, name):
    assert ("localhost", "wandb_fqdn", "problem") in found(network.names(site({"wandb_fqdn": name})))


@pytest.mark.parametrize("name", ["wandb.example.com", "w.lab.test", "1.example.com", "wandb-2.eu.example.co.uk"])
def test_names_that_will_do(site, name):
    assert not list(network.names(site({"wandb_fqdn": name})))


def test_no_licence_is_a_warning(site, found):
    specs = {"wandb": {"wandb_license": {"type": "str"}}}
    assert found(network.licence(site(specs=specs))) == [("localhost", "wandb_license", "warning")]
    assert not list(network.licence(site({"wandb_license": "abc"}, specs=specs)))


@pytest.mark.parametrize("cidr", ["10.244.0.1/16", "10.244.0.0", "10.244.0.0/33", "fish", "010.1.0.0/16"])
def test_ranges_that_are_none(site, cidr):
    findings = list(network.cidr_syntax(site({"kubernetes_pod_cidr": cidr})))
    if cidr == "10.244.0.0":  # a single address is a network of one, too small for the nodes
        assert findings[0].expected.startswith("room for")
    else:
        assert {item.variable for item in findings} == {"kubernetes_pod_cidr"}


def test_pod_range_too_small(site):
    assert list(network.cidr_syntax(site({"kubernetes_pod_cidr": "10.244.0.0/23"})))
    assert not list(network.cidr_syntax(site({"kubernetes_pod_cidr": "10.244.0.0/22"})))


def test_pods_and_services_overlap(site, found):
    broken = site({"kubernetes_service_cidr": "10.244.128.0/17"})
    assert found(network.cidr_overlap(broken)) == [("cp1", "kubernetes_pod_cidr / kubernetes_service_cidr", "problem")]


@pytest.mark.parametrize(("variable", "value"), [("kubernetes_pod_cidr", "192.0.2.0/20"), ("kubernetes_service_cidr", "192.0.0.0/16")])
def test_hosts_inside_a_range(site, found, variable, value):
    import ipaddress

    broken = site({variable: str(ipaddress.ip_network(value, strict=False))})
    assert {item[1] for item in found(network.cidr_overlap(broken))} == {variable}


def test_a_second_interface_inside_a_range(site, found):
    broken = site(measured={"db2": {"addresses": ["192.0.2.6/24", "10.244.7.1/24"]}})
    assert found(network.cidr_overlap(broken)) == [("db2", "kubernetes_pod_cidr", "problem")]


def test_ipv6_ranges_do_not_hit_ipv4(site):
    assert not list(network.cidr_overlap(site({"kubernetes_pod_cidr": "fd00:1::/48,10.244.0.0/16", "kubernetes_service_cidr": "fd00:2::/112"})))


def listener(port, **other):
    nginx = {"address": "0.0.0.0", "pid": 7, "process": "nginx", "exe": "/usr/sbin/nginx", "unit": "nginx.service", "ours": False}
    return {"ports": [{"port": port, **nginx, **other}]}


@pytest.mark.parametrize(("host", "port"), [("cp1", 6443), ("cp1", 2379), ("node1", 443), ("node2", 10250), ("db1", 3306), ("store1", 6379), ("store1", 9000)])
def test_port_in_use_by_something_else(site, found, host, port):
    findings = list(network.ports_in_use(site(measured={host: listener(port)})))
    assert found(findings) == [(host, "TCP port %d" % port, "problem")]
    assert findings[0].value == "nginx (pid 7, nginx.service)"


def test_port_in_use_by_ourselves(site):
    assert not list(network.ports_in_use(site(measured={"db1": listener(3306, ours=True)})))


def test_port_of_a_service_that_runs_elsewhere(site):
    assert not list(network.ports_in_use(site(measured={"db1": listener(9000)})))


def test_port_follows_its_variable(site):
    assert not list(network.ports_in_use(site({"mysql_port": 3307}, measured={"db1": listener(3306)})))
    assert list(network.ports_in_use(site({"mysql_port": 3307}, measured={"db1": listener(3307)})))


def test_a_listener_without_process(site):
    (finding,) = network.ports_in_use(site(measured={"db1": {"ports": [{"port": 3306, "address": "::", "ours": False}]}}))
    assert finding.value == "unknown process"


def test_two_of_our_services_on_one_port(site, found):
    assert not list(network.ports_twice(site()))
    assert found(network.ports_twice(site({"minio_port": 6379}))) == [("store1", "TCP port 6379", "problem")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db.example.com", ("db.example.com", 3306)),
        ("db.example.com:3307", ("db.example.com", 3307)),
        ("https://s3.example.com/x", ("s3.example.com", 3306)),
        ("http://s3.example.com", ("s3.example.com", 80)),
        ("https://s3.example.com:9000/bucket", ("s3.example.com", 9000)),
    ],
)
def test_endpoints_in_all_forms(text, expected):
    assert network.split_endpoint(text, 3306) == expected


def without(*groups):
    everything = {"kube_control_plane": ["cp1"], "kube_node": ["node1"], "mysql": ["db1", "db2"], "redis": ["store1"], "minio": ["store1"]}
    return {name: hosts for name, hosts in everything.items() if name not in groups}


def test_external_endpoints_are_measured_from_the_nodes(site):
    built = site({"wandb_mysql_host": "db.example.com", "wandb_mysql_port": 3310}, groups=without("mysql"))
    assert network.external_endpoints(built.groups, built.controller) == [{"name": "wandb_mysql_host", "host": "db.example.com", "port": 3310}]
    assert network.external_endpoints(site().groups, site().controller) == []


def test_mirror_is_measured_from_every_host(site):
    built = site({"artifacts_mirror": "http://mirror.example.com:8080"})
    assert network.mirror_endpoint(built.hosts["db1"]) == [{"name": "artifacts_mirror", "host": "mirror.example.com", "port": 8080}]
    assert network.mirror_endpoint(site().hosts["db1"]) == []


def test_name_of_the_control_plane_must_resolve_on_the_nodes(site):
    built = site({"kubernetes_control_plane_endpoint": "k8s.example.com:6443"})
    assert network.control_plane_endpoint(built.hosts["cp1"]) == [{"name": "kubernetes_control_plane_endpoint", "host": "k8s.example.com", "port": 0}]
    assert network.control_plane_endpoint(site({"kubernetes_control_plane_endpoint": "cp1:6443", "host_etc_hosts": True}).hosts["cp1"]) == []


def test_unreachable_endpoint(site, found):
    endpoint = {"name": "wandb_mysql_host", "host": "db.example.com", "port": 3306, "addresses": [], "error": "name db.example.com does not resolve"}
    assert found(network.unreachable(site(measured={"node1": {"endpoints": [endpoint]}}))) == [("node1", "wandb_mysql_host", "problem")]
    assert not list(network.unreachable(site(measured={"node1": {"endpoints": [{**endpoint, "error": ""}]}})))


def test_a_cluster_of_the_sites_own_needs_its_kubeconfig(site, found):
    groups = {"mysql": ["db1", "db2"], "redis": ["store1"], "minio": ["store1"]}
    assert found(network.external_cluster(site(groups=groups))) == [("localhost", "site_kubeconfig", "problem")]
    assert not list(network.external_cluster(site({"site_kubeconfig": "/k"}, groups=groups, files={"/k": b""})))
    assert not list(network.external_cluster(site(groups={**groups, "kube_node": ["node1"]})))  # a rule of role kubernetes


@pytest.mark.parametrize("value", ["localhost", "127.0.0.1:3306", "https://localhost:9000"])
def test_an_external_service_at_localhost(site, found, value):
    groups = {"kube_control_plane": ["cp1"], "kube_node": ["node1"], "redis": ["store1"], "minio": ["store1"]}
    assert found(network.external_itself(site({"wandb_mysql_host": value}, groups=groups))) == [("localhost", "wandb_mysql_host", "problem")]
    assert not list(network.external_itself(site({"wandb_mysql_host": "db.example.com"}, groups=groups)))
    assert not list(network.external_itself(site({"wandb_mysql_host": value})))  # our own


def test_a_port_that_no_user_is_told(site, found):
    assert found(network.told_port(site({"ingress_https_port": 8443}))) == [("localhost", "ingress_https_port", "warning")]
    assert not list(network.told_port(site({"ingress_https_port": 443})))
    assert not list(network.told_port(site()))
