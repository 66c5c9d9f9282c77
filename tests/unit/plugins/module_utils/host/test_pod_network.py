# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in a directory, and what stands in the way of its pods."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._host import pod_network as network

WANTED = {"tunnel": "flannel.1", "tunnel_port": 8472, "kubelet_port": 10250}
ROUTES = "Iface\tDestination\tGateway\neth0\t000012C6\t00000000\nens3\t00000000\t010012C6\n"
FORWARD = {"family": "ip", "table": "filter", "name": "FORWARD", "type": "filter", "hook": "forward", "policy": "drop"}
FORWARD_DROP = json.dumps({"nftables": [{"chain": FORWARD}]})


@pytest.fixture(name="put")
def fixture_put(tmp_path: pathlib.Path) -> t.Callable[[str, str], None]:
    def put(path: str, text: str = "") -> None:
        target = tmp_path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    return put


def without_tools(_command: list[str]) -> str | None:
    return None


def test_a_node_as_it_should_be(tmp_path: pathlib.Path, put: t.Callable[..., None]) -> None:
    put("/proc/sys/net/ipv4/ip_forward", "1\n")
    put("/etc/cni/net.d/10-flannel.conflist")
    put("/etc/resolv.conf", "nameserver 192.0.2.1\n")
    put("/var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n")
    for name in ("eth0", "lo", "flannel.1", "cni0"):
        put(f"/sys/class/net/{name}")
    assert network.measure(WANTED, [], lambda command: "{}" if command[0] == "nft" else None, str(tmp_path)) == {
        "node": True,
        "forwarding": "1",
        "undone": [],
        "cni": ["10-flannel.conflist"],
        "resolver": {"file": "/etc/resolv.conf", "nameservers": ["192.0.2.1"]},
        "interfaces": ["cni0", "eth0", "flannel.1", "lo"],
        "tunnel": "flannel.1",
        "filter": "nft",
        "dropped": [],
    }


def test_a_bare_host_without_tools(tmp_path: pathlib.Path) -> None:
    found = network.measure(WANTED, [], without_tools, str(tmp_path))
    assert (found["node"], found["forwarding"], found["cni"], found["filter"], found["dropped"]) == (False, "", [], "", [])


def test_what_a_boot_takes_back_is_looked_for_behind_each_file(tmp_path: pathlib.Path, put: t.Callable[..., None]) -> None:
    put("/etc/sysctl.d/95-cis.conf", "vm.overcommit_memory = 0\nnet.ipv4.ip_forward = 0\n")
    files = {"/etc/sysctl.d/90-a.conf": {"vm.overcommit_memory": 1, "a.b": None}, "/etc/sysctl.d/99-b.conf": {"net.ipv4.ip_forward": 1}}
    assert network.undone(files, str(tmp_path)) == [{"key": "vm.overcommit_memory", "wanted": "1", "value": "0", "file": "/etc/sysctl.d/95-cis.conf"}]


def test_files_that_containerd_takes_for_configuration(tmp_path: pathlib.Path, put: t.Callable[..., None]) -> None:
    for name in ("10-flannel.conflist", "10-calico.conflist", "calico-kubeconfig", "87-podman.conflist", "10-flannel.conflist.new", "00-old.conf.bak"):
        put(f"/etc/cni/net.d/{name}")
    assert network.cni_files(str(tmp_path)) == ["10-calico.conflist", "10-flannel.conflist", "87-podman.conflist"]


def test_whose_resolv_conf(tmp_path: pathlib.Path, put: t.Callable[..., None]) -> None:
    put("/etc/resolv.conf", "# comment\nsearch example.com\nnameserver 127.0.0.53\n")
    root = str(tmp_path)
    assert network.resolver(root) == {"file": "/etc/resolv.conf", "nameservers": ["127.0.0.53"]}
    put("/run/systemd/resolve/resolv.conf", "nameserver 192.0.2.1\nnameserver 192.0.2.2\n")
    assert network.resolver(root) == {"file": "/run/systemd/resolve/resolv.conf", "nameservers": ["192.0.2.1", "192.0.2.2"]}
    put("/etc/upstream.conf", "nameserver 192.0.2.3\n")
    assert network.resolver(root, "/etc/upstream.conf")["nameservers"] == ["192.0.2.3"]
    # What the kubelet has is what counts on a node.
    put("/var/lib/kubelet/config.yaml", 'kind: KubeletConfiguration\nresolvConf: "/etc/resolv.conf"\n')
    assert network.resolver(root, "/etc/upstream.conf")["nameservers"] == ["127.0.0.53"]


def test_the_interface_of_other_hosts() -> None:
    links = ["cni0", "eth0", "flannel.1", "lo"]
    assert network.outer(links, ROUTES) == "ens3"
    assert network.outer(links, ROUTES.splitlines()[0]) == "eth0"
    assert network.outer(["lo"], "") == ""


def test_the_packet_filter_is_asked_in_its_own_language() -> None:
    asked = []

    def run(command: list[str]) -> str | None:
        asked.append(command[0])
        return FORWARD_DROP if command[0] == "nft" else None

    filters, tool = network.packet_filter(run)
    assert (tool, asked) == ("nft", ["nft", "iptables-legacy-save"])
    found = network.dropped(filters, "eth0", WANTED)
    assert [(item["hook"], item["chain"], item["by"]) for item in found] == [("forward", "ip filter FORWARD", "policy drop")] * 2


def test_iptables_where_there_is_no_nft() -> None:
    text = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 10250 -j ACCEPT\nCOMMIT\n"
    filters, tool = network.packet_filter(lambda command: text if command[0] == "iptables-save" else None)
    assert tool == "iptables"
    assert [item["what"] for item in network.dropped(filters, "eth0", WANTED)] == ["the tunnel between the nodes, UDP port 8472"]
    assert network.dropped(filters, "eth0", {"kubelet_port": 10250}) == []


def test_output_that_is_none_is_nobody_asked() -> None:
    assert network.packet_filter(lambda command: "Error: ..." if command[0] == "nft" else None) == ([], "")
