# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each thing that cuts pods off from each other, planted on a node of a running cluster; the row must name it, and the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

CIS = "/etc/sysctl.d/99-cis.conf"
CALICO = "/etc/cni/net.d/10-calico.conflist"
CHAIN = "'{ type filter hook %s priority 0; policy %s; }'"


@dataclass
class Fault:
    """What is done to a host, how it is undone, and the rows that fail with the words that say why."""

    name: str
    host: str
    plant: str
    undo: str
    says: dict[str, str]


FAULTS = [
    Fault(
        "forwarding off, and off after each boot",
        "node1",
        f"echo net.ipv4.ip_forward=0 > {CIS}; sysctl -q -p {CIS}",
        f"rm {CIS}; sysctl -q -w net.ipv4.ip_forward=1",
        {"EX-24": f"node1: net.ipv4.ip_forward is 0 (as {CIS} says), expected 1", "EX-26": f"node1: net.ipv4.ip_forward is 0 at the next boot, by {CIS}"},
    ),
    Fault(
        "a later sysctl file, today all is well",
        "node2",
        f"echo net.ipv4.ip_forward=0 > {CIS}",
        f"rm {CIS}",
        {"EX-26": f"node2: net.ipv4.ip_forward is 0 at the next boot, by {CIS}"},
    ),
    Fault(
        "policy of FORWARD",
        "node1",
        f"nft add table ip planted; nft add chain ip planted FORWARD {CHAIN % ('forward', 'drop')}",
        "nft delete table ip planted",
        {
            "EX-24": "node1: packet filter is dropping traffic from pods of other nodes to pods here (ip planted FORWARD: policy drop)",
            "EX-26": "node1: packet filter is dropping",
        },
    ),
    Fault(
        "firewall before the tunnel and the kubelet",
        "node1",
        f"nft add table inet planted; nft add chain inet planted input {CHAIN % ('input', 'accept')}; "
        "nft add rule inet planted input udp dport 8472 drop; nft add rule inet planted input tcp dport '{ 10250, 443 }' drop",
        "nft delete table inet planted",
        {
            "EX-24": "node1: packet filter is dropping the tunnel between the nodes, UDP port 8472 (inet planted input: rule 1 of chain input)",
            "EX-26": "node1: packet filter is dropping the kubelet's TCP port 10250 (inet planted input: rule 2 of chain input)",
        },
    ),
    Fault(
        "something between the hosts that no host can see",
        "node1",
        "nft add table netdev planted; nft add chain netdev planted wire '{ type filter hook ingress device \"eth0\" priority 0; }'; "
        "nft add rule netdev planted wire udp dport 8472 drop",
        "nft delete table netdev planted",
        {"EX-24": "what is between them drops the tunnel's UDP port 8472"},
    ),
    Fault(
        "the tunnel's interface is gone",
        "node2",
        "pkill -STOP -x flanneld; ip link delete flannel.1",  # one that runs makes it again within seconds
        "pkill -KILL -x flanneld",  # the kubelet starts it again
        {"EX-24": "node2: interface flannel.1 is missing"},
    ),
]


def test_a_healthy_cluster(lab: Any) -> None:
    found = lab.healthy()
    assert {identifier: row["result"] for identifier, row in found.items()} == dict.fromkeys(found, "pass"), found
    # Three nodes, each with a pod of Traefik: all six ways, and each node to each pod.
    assert found["EX-24"]["measured"].startswith("6 connections") and found["EX-25"]["measured"].startswith("9 connections")


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_is_named(lab: Any, fault: Fault) -> None:
    with lab.planted(fault.host, fault.plant, fault.undo):
        found = lab.rows()
    for identifier, words in fault.says.items():
        assert found[identifier]["result"] == "fail", found[identifier]
        assert words in found[identifier]["measured"], found[identifier]
    healed = lab.healthy()
    assert {row["result"] for row in healed.values()} == {"pass"}, healed


def test_another_cni_configuration(lab: Any) -> None:
    """The next pod of the node gets the other network, and does not start."""
    name = lab.kube("-n traefik get pods --field-selector spec.nodeName=node2 -o name").strip()
    with lab.planted("node2", f"echo '{{\"cniVersion\":\"0.3.1\",\"name\":\"x\",\"plugins\":[{{\"type\":\"calico\"}}]}}' > {CALICO}", f"rm {CALICO}"):
        lab.kube(f"-n traefik delete {name} --wait=false")
        found = lab.until(lambda rows: rows["EX-21"]["result"] == "fail" and "calico" in rows["EX-21"]["measured"])
        assert f"cause on node2: {CALICO} is before 10-flannel.conflist by name" in found["EX-21"]["measured"], found["EX-21"]
        assert "DaemonSet traefik/traefik" in found["EX-21"]["measured"]
        assert found["EX-26"]["result"] == "fail"
    healed = lab.healthy()
    assert {row["result"] for row in healed.values()} == {"pass"}, healed


def test_a_resolver_that_is_the_host_itself(lab: Any) -> None:
    """The pod of CoreDNS that starts there crashes; the other one keeps the cluster alive, and hides it."""
    nodes = lab.kube("-n kube-system get pods -l k8s-app=kube-dns -o jsonpath='{.items[*].spec.nodeName}'").split()
    node = next(node for node in nodes if node != "cp1")  # kubectl runs there, and resolves the cluster's name as its host does
    name = lab.kube(f"-n kube-system get pods -l k8s-app=kube-dns --field-selector spec.nodeName={node} -o name").split()[0]
    plant = "cp /etc/resolv.conf /run/resolv.kept; echo 'nameserver 127.0.0.1' > /etc/resolv.conf"
    others = [other for other in ("cp1", "node1", "node2") if other != node]
    lab.kube(f"cordon {' '.join(others)}")
    try:
        with lab.planted(node, plant, "cat /run/resolv.kept > /etc/resolv.conf"):
            lab.kube(f"-n kube-system delete {name} --wait=false")
            found = lab.until(lambda rows: "plugin/loop" in rows["EX-21"]["measured"])
            text = found["EX-21"]["measured"]
            assert found["EX-21"]["result"] == "fail" and "Deployment kube-system/coredns: 1 of 2 pods are available" in text, found
            assert f"cause on {node}: /etc/resolv.conf is nameserver 127.0.0.1" in text and "plugin/loop" in text, text
            assert found["EX-22"]["result"] == "fail" and found["EX-26"]["result"] == "fail", found
    finally:
        lab.kube(f"uncordon {' '.join(others)}")
        lab.kube(f"-n kube-system delete pods -l k8s-app=kube-dns --field-selector spec.nodeName={node} --wait=false")
    healed = lab.healthy()
    assert {row["result"] for row in healed.values()} == {"pass"}, healed


def test_both_pods_of_coredns_on_one_node(lab: Any) -> None:
    """A site of an earlier version; role cni spreads them."""
    patch = '{"spec": {"template": {"spec": {"topologySpreadConstraints": null, "nodeName": "cp1"}}}}'
    lab.kube(f"-n kube-system patch deployment coredns --type merge -p '{patch}'")
    try:
        lab.kube("-n kube-system rollout status deployment coredns --timeout=100s")
        found = lab.rows()
        assert found["EX-22"]["result"] == "fail" and "on cp1; when it goes, no name resolves" in found["EX-22"]["measured"], found["EX-22"]
    finally:
        lab.kube("-n kube-system patch deployment coredns --type json -p '[{\"op\": \"remove\", \"path\": \"/spec/template/spec/nodeName\"}]'")
        lab.play("addons.yml")
    healed = lab.healthy()
    assert {row["result"] for row in healed.values()} == {"pass"}, healed
