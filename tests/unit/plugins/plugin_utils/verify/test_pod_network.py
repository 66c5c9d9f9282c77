# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rows about the cluster's own pods name the cause that was planted, and no other."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify import pod_network
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.host import node_directory
from ansible_collections.onprem.wandb.tests.unit.plugins.plugin_utils.verify import test_rows as rows

UDP = [{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 8472}}, {"drop": None}]
NODE1 = "10.244.1."


def row(facts, identifier):
    (found,) = rows.rows_of(facts, identifier, "")
    return found


def cut_off(facts, files=None, nft="{}"):
    """node1 reaches nobody, nobody reaches it, and its host says why."""
    for name in ("cp1", "node2", "node3"):
        rows.sockets(name, **rows.cut(NODE1))(facts)
    rows.sockets("node1", connect=lambda address, _port, _timeout: "" if address.startswith(NODE1) else "no answer in time")(facts)
    rows.on_node("node1", files, nft)(facts)


CAUSES = [
    ({"/proc/sys/net/ipv4/ip_forward": "0"}, "{}", "node1: net.ipv4.ip_forward is 0, expected 1. Next: sysctl -w net.ipv4.ip_forward=1"),
    ({"/proc/sys/net/ipv4/ip_forward": "0", "/etc/sysctl.d/99-cis.conf": "net.ipv4.ip_forward=0"}, "{}", "is 0 (as /etc/sysctl.d/99-cis.conf says)"),
    ({}, node_directory.chain("forward", "drop"), "node1: packet filter is dropping traffic from pods of other nodes to pods here (ip filter FORWARD: policy"),
    ({}, node_directory.chain("input", "accept", UDP), "node1: packet filter is dropping the tunnel between the nodes, UDP port 8472 (ip filter INPUT: rule 1"),
    ({"/sys/class/net/flannel.1": None}, "{}", "node1: interface flannel.1 is missing"),
    ({"/etc/cni/net.d/10-calico.conflist": ""}, "{}", "node1: /etc/cni/net.d/10-calico.conflist is before 10-flannel.conflist by name"),
]


@pytest.mark.parametrize("identifier", ["EX-24", "EX-25"])
@pytest.mark.parametrize(("files", "nft", "words"), CAUSES)
def test_the_cause_of_a_cut_comes_first(facts, files, nft, words, identifier):
    cut_off(facts, files, nft)
    found = row(facts, identifier)
    assert found.result == "fail"
    assert words in found.measured
    assert found.measured.index("node1: ") == 0
    assert "cp1 to node1: no answer in time (kube-system/coredns-b, 10.244.1.2:53)" in found.measured
    assert "API" not in found.measured


def test_a_cut_that_no_host_explains_is_between_them(facts):
    cut_off(facts)
    found = row(facts, "EX-24")
    assert found.measured.startswith("forwarding, packet filter and tunnel of these hosts are in order: what is between them drops the tunnel's UDP port 8472")
    assert "Next: tcpdump" in found.measured


@pytest.mark.parametrize("identifier", ["EX-24", "EX-25"])
def test_a_refused_connection_is_the_pods(facts, identifier):
    for name in ("cp1", "node1", "node2", "node3"):
        rows.sockets(name, connect=lambda address, _port, _timeout: "connection refused" if address.startswith(NODE1) else "")(facts)
    found = row(facts, identifier)
    assert found.result == "fail"
    assert found.measured.startswith("kube-system/coredns-b refuses connections: it was reached, and nothing listens in it, as while it starts. Next: on the")
    assert " kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system describe pod coredns-b" in found.measured
    assert "-n kube-system describe pod coredns-b" in found.measured
    assert "8472" not in found.measured


def test_what_is_lost_beside_what_is_refused_is_named_too(facts):
    rows.sockets("cp1", connect=lambda address, _port, _timeout: "connection refused" if address.startswith(NODE1) else "no answer in time")(facts)
    found = row(facts, "EX-24")
    assert "kube-system/coredns-b refuses connections" in found.measured
    assert "UDP port 8472" in found.measured


def test_a_host_that_cannot_show_its_packet_filter(facts):
    cut_off(facts)
    facts.hosts["node1"]["host"]["measured"]["pod_network"]["filter"] = ""
    assert "packet filter not read on node1" in row(facts, "EX-24").measured


def test_a_trouble_of_a_host_that_is_not_involved_is_no_cause(facts):
    rows.sockets("cp1", **rows.cut("10.244.2."))(facts)
    rows.on_node("node1", {"/proc/sys/net/ipv4/ip_forward": "0"})(facts)
    assert "ip_forward" not in row(facts, "EX-24").measured
    # A resolver is none either.
    rows.on_node("cp1", {"/etc/resolv.conf": "nameserver 127.0.0.1"})(facts)
    assert "resolv.conf" not in row(facts, "EX-24").measured


def test_all_pairs_are_counted(facts):
    # cp1, node1 and node2 have a pod; node3 has none: 3 times 2 connections, and a word about node3.
    assert row(facts, "EX-24").measured == "6 connections; node3: no pod with a network of its own runs here"
    assert row(facts, "EX-25").measured == "12 connections"


def test_no_pods_at_all_prove_nothing(facts):
    facts.controller["pods"]["partners"] = []
    for name in ("cp1", "node1", "node2", "node3"):
        rows.sockets(name)(facts)
    assert (row(facts, "EX-24").result, row(facts, "EX-25").result) == ("fail", "fail")
    assert "no connection was tried" in row(facts, "EX-24").measured


def test_a_crashing_coredns_has_its_resolver_named(facts):
    rows.pods(lambda api: api.crash("coredns-b"))(facts)
    rows.on_node("node1", {"/etc/resolv.conf": "nameserver 127.0.0.1"})(facts)
    found = row(facts, "EX-21")
    assert found.measured.startswith("cause on node1: /etc/resolv.conf is nameserver 127.0.0.1, which in a pod is the pod itself")
    assert "[FATAL] plugin/loop: Loop" in found.measured


def test_pods_that_got_another_network(facts):
    def stuck(api):
        api.crash("traefik-2")
        api.pods[3]["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "ContainerCreating"}}

    rows.pods(stuck)(facts)
    rows.on_node("node2", {"/etc/cni/net.d/10-calico.conflist": ""})(facts)
    assert row(facts, "EX-21").measured.startswith("cause on node2: /etc/cni/net.d/10-calico.conflist")


def test_pods_that_are_not_even_made_have_every_node_asked(facts):
    rows.pods(lambda api: api.workloads["daemonsets"][2]["status"].update(numberAvailable=1))(facts)
    rows.on_node("node3", {"/etc/cni/net.d/10-calico.conflist": ""})(facts)
    assert row(facts, "EX-21").measured.startswith("cause on node3: /etc/cni/net.d/10-calico.conflist")


def test_what_a_container_said_is_shown_without_its_secrets(facts):
    def talk(api):
        api.crash("coredns-b")
        api.log = ["cannot open redis://default:hunter2@192.0.2.31:6379"]

    rows.pods(talk)(facts)
    assert "hunter2" not in row(facts, "EX-21").measured
    assert "redis://***@192.0.2.31" in row(facts, "EX-21").measured


def test_coredns_on_one_node(facts):
    rows.pods(rows.all_pods_on_one_node)(facts)
    found = row(facts, "EX-22")
    assert "coredns-a on cp1, coredns-b on cp1; when it goes, no name resolves. Next: on the control plane: kubectl --kubeconfig /etc/" in found.measured
    facts.controller["pods"]["nodes"] = ["cp1"]
    assert row(facts, "EX-22").result == "n.a."


def test_a_name_that_nobody_knows_is_a_dns_record(facts):
    rows.sockets("node2", **rows.unknown("10.96.0.10", "192.0.2.53"))(facts)
    text = row(facts, "EX-23").measured
    assert "node2: s3.example.com: cluster DNS 10.96.0.10 says NXDOMAIN; so do the host's nameservers 192.0.2.53 (NXDOMAIN): mend the DNS record" in text


def test_a_name_that_only_coredns_does_not_know(facts):
    rows.sockets("node2", **rows.unknown("10.96.0.10"))(facts)
    assert "the host's nameservers know it: look on the control plane at kubectl --kubeconfig /etc/" in row(facts, "EX-23").measured


def test_a_pod_of_coredns_that_is_silent_and_the_network_that_is_why(facts):
    silent = {"resolve": lambda server, _name, _timeout: ([], "no answer in time") if server.startswith("10.244.1.") else (["192.0.2.31"], "")}
    rows.sockets("cp1", **silent)(facts)
    rows.on_node("node1", {"/proc/sys/net/ipv4/ip_forward": "0"})(facts)
    text = row(facts, "EX-23").measured
    assert text.startswith("cause on node1: net.ipv4.ip_forward is 0")
    assert "cp1: kubernetes.default.svc.cluster.local: CoreDNS pod coredns-b says no answer in time" in text


def test_a_pod_of_coredns_that_is_not_ready_says_so(facts):
    rows.pods(lambda api: api.crash("coredns-b"))(facts)
    refused = {"resolve": lambda server, _name, _timeout: ([], "connection refused") if server == "10.244.1.2" else (["192.0.2.31"], "")}
    rows.sockets("node2", **refused)(facts)
    assert "CoreDNS pod coredns-b says connection refused: it is not ready on node1" in row(facts, "EX-23").measured


def test_a_cluster_of_somebody_else(facts):
    facts.groups.update(kube_control_plane=[], kube_node=[])
    assert {identifier: row(facts, identifier).result for identifier in ("EX-21", "EX-22", "EX-23", "EX-24", "EX-25", "EX-26")} == {
        "EX-21": "pass", "EX-22": "pass", "EX-23": "n.a.", "EX-24": "n.a.", "EX-25": "n.a.", "EX-26": "n.a.",
    }  # fmt: skip


def test_settings_that_are_a_matter_of_degree_are_told_and_do_not_fail(facts):
    rows.on_node("node1", {"/etc/sysctl.d/99-x.conf": "fs.inotify.max_user_watches = 8192"})(facts)
    found = row(facts, "EX-26")
    assert found.result == "pass"
    assert "node1: fs.inotify.max_user_watches is 8192 at the next boot, by /etc/sysctl.d/99-x.conf" in found.measured


def test_who_is_asked_for_what(facts):
    settings = facts.settings
    assert pod_network.host_checks({**settings, "node": ""}, {"pods": facts.controller["pods"]}) == {}
    assert pod_network.host_checks({**settings, "node": "cp1"}, {"pods": rows.SITE_DOWN}) == {}
    assert pod_network.host_checks({**settings, "node": "cp1"}, {}) == {}
    checks = pod_network.host_checks({**settings, "node": "cp1", "dns_domain": "x.y"}, {"pods": facts.controller["pods"]})
    assert list(checks) == [pod_network.TRAFFIC]
    check = checks[pod_network.TRAFFIC]
    assert check["args"]["cluster_names"] == ["kubernetes.default.svc.x.y"]
    assert check["args"]["dns_pods"] == [{"name": "coredns-a", "address": "10.244.0.2"}, {"name": "coredns-b", "address": "10.244.1.2"}]
    assert check["args"]["names"] == ["db.example.com", "s3.example.com"]
