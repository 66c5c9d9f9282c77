# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host has against its pods, refused before anything changes."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import Host, PlainVariables
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import evaluate, pod_network
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.host import node_directory as node

CALICO = "/etc/cni/net.d/10-calico.conflist"
CIS = "/etc/sysctl.d/99-cis.conf"
UDP = [{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 8472}}, {"drop": None}]


def planted(site, host="node1", files=None, nft="{}", **rest):
    found = node.measured(files, nft)
    return site(measured={host: {"pod_network": found, "undone": found["undone"]}}, **rest)


def findings_of(broken):
    return [*pod_network.pod_network(broken), *pod_network.survives_a_boot(broken)]


@pytest.mark.parametrize(("files", "nft", "subject", "severity", "words"), [
    ({CALICO: "{}"}, "{}", CALICO, "problem", "mv /etc/cni/net.d/10-calico.conflist /root/"),
    ({**node.BARE, CALICO: "{}"}, "{}", CALICO, "problem", "mv"),
    ({**node.BARE, "/etc/cni/net.d/87-podman.conflist": "{}"}, "{}", "/etc/cni/net.d/87-podman.conflist", "warning", "mv"),
    ({"/etc/resolv.conf": "nameserver 127.0.0.1\n"}, "{}", "/etc/resolv.conf", "problem", "resolvConf"),
    ({"/etc/resolv.conf": "nameserver 127.0.0.53\nnameserver 192.0.2.1\n"}, "{}", "/etc/resolv.conf", "problem", "resolvConf"),
    ({"/etc/resolv.conf": "nameserver ::1\n"}, "{}", "/etc/resolv.conf", "problem", "resolvConf"),
    ({CIS: "net.ipv4.ip_forward = 0\n"}, "{}", "net.ipv4.ip_forward", "problem", "grep -n ip_forward /etc/sysctl.d/99-cis.conf"),
    ({**node.BARE, CIS: "net.ipv4.ip_forward = 0\n"}, "{}", "net.ipv4.ip_forward", "problem", CIS),
    ({"/etc/sysctl.conf": "net.ipv4.ip_forward = 0\n"}, "{}", "net.ipv4.ip_forward", "problem", "/etc/sysctl.conf"),
    ({CIS: "fs.inotify.max_user_watches = 8192\n"}, "{}", "fs.inotify.max_user_watches", "warning", CIS),
    ({}, node.chain("input", "accept", UDP), "packet filter", "problem", "nft list chain ip filter INPUT"),
])
def test_what_is_refused_and_how_it_is_mended(site, files, nft, subject, severity, words):
    (finding,) = findings_of(planted(site, files=files, nft=nft))
    assert (finding.host, finding.variable, finding.severity) == ("node1", subject, severity)
    assert words in finding.remedy


@pytest.mark.parametrize(("hook", "seen"), [("input", []), ("forward", ["packet filter"] * 2)])
def test_the_role_opens_what_comes_in_and_nothing_else(site, hook, seen):
    """A host that is closed but for SSH: the tunnel and the kubelet are among the paths that it gets."""
    broken = planted(site, nft=node.chain(hook, "drop"), supplied={"host_firewall_manage": True})
    broken.hosts["node1"].measured["firewall"] = {"manager": "nftables", "dropped": [], "unkept": ""}
    assert [item.variable for item in pod_network.pod_network(broken)] == seen
    broken.hosts["node1"].measured["firewall"]["manager"] = "iptables"  # nobody manages it, so the role does not either
    assert len(list(pod_network.pod_network(broken))) == 2


def test_a_policy_of_forward(site):
    findings = list(pod_network.pod_network(planted(site, nft=node.chain("forward", "drop"))))
    assert [(item.variable, item.severity) for item in findings] == [("packet filter", "problem")] * 2
    assert "pods of other nodes" in findings[0].value and "ip filter FORWARD: policy drop" in findings[0].value


def test_with_iptables_flannel_goes_before_the_policy(site):
    broken = planted(site, nft=node.chain("forward", "drop"), supplied={"cni_flannel_nftables": False})
    assert {item.severity for item in pod_network.pod_network(broken)} == {"warning"}


@pytest.mark.parametrize("files", [{}, node.BARE, {"/etc/cni/net.d/87-podman.conflist": "{}"}, {"/sys/class/net/flannel.1": None}])
def test_what_is_as_it_should_be_or_becomes_so_by_the_roles(site, files):
    assert list(evaluate(planted(site, files=files))) == []


def test_a_database_host_has_no_pods(site):
    assert findings_of(planted(site, "db1", {CALICO: "{}"})) == []


def test_a_setting_of_redis_that_a_boot_takes_back(site, found):
    undone = [{"key": "vm.overcommit_memory", "wanted": "1", "value": "0", "file": CIS}]
    assert found(evaluate(site(measured={"store1": {"undone": undone}}))) == [("store1", "vm.overcommit_memory", "problem")]


def test_a_host_that_was_not_measured_is_another_finding(site):
    assert findings_of(site()) == []


PLANE = Host("cp1", frozenset(["kube_control_plane"]))


def test_nobody_outside_asks_the_kubelet_of_the_only_control_plane():
    """EX-26 took a closed port that only the host itself needs for a fault."""
    node, second = Host("node1", frozenset(["kube_node"])), Host("cp2", frozenset(["kube_control_plane"]))

    def port(host, *others):
        return pod_network.measured_against(host, [host, *others], Host("localhost"))["kubelet_port"]

    assert (port(PLANE, node), port(node, PLANE), port(PLANE, node, second)) == (0, 10250, 10250)


def test_what_a_host_is_measured_against():
    host = Host("node1", frozenset(["kube_node"]), variables=PlainVariables({"kubernetes_kubelet_config_overrides": {"resolvConf": "/etc/upstream.conf"}}))

    def against(**backend):
        return pod_network.measured_against(host, [host, PLANE], Host("localhost", variables=PlainVariables({"cni_flannel_backend": backend})))

    assert against(Type="vxlan") == {
        "resolv_conf": "/etc/upstream.conf", "tunnel": "flannel.1", "tunnel_port": 8472, "kubelet_port": 10250,
    }  # fmt: skip
    assert (against(Type="vxlan", VNI=7, Port=4789)["tunnel"], against(Type="vxlan", Port=4789)["tunnel_port"]) == ("flannel.1".replace("1", "7"), 4789)
    assert (against(Type="host-gw")["tunnel"], against(Type="host-gw")["tunnel_port"]) == ("", 0)


def test_which_settings_must_survive_a_boot():
    own = {"__host_kubernetes_sysctl": {"net.ipv4.ip_forward": 1, "a": 1}, "host_sysctl": {"a": None, "b": 2}, "redis_sysctl": {"vm.overcommit_memory": 1}}

    def of(*groups):
        return pod_network.boot_settings(Host("x", frozenset(groups), PlainVariables({}, own)))

    ours, redis = "/etc/sysctl.d/90-onprem-wandb.conf", "/etc/sysctl.d/90-onprem-wandb-redis.conf"
    assert of("kube_node") == {ours: {"net.ipv4.ip_forward": 1, "b": 2}}
    assert of("redis") == {ours: {"b": 2}, redis: {"vm.overcommit_memory": 1}}
    assert pod_network.boot_settings(Host("db1", frozenset(["mysql"]))) == {}
