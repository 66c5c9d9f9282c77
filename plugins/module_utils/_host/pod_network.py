# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides on a host whether pods reach each other: forwarding, packet filter, tunnel, CNI configuration, resolver. Read, never changed.

Preflight and verify judge the same measurement (plugin_utils/_pod_network.py). PRIVATE to the collection.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import firewall
from ansible_collections.onprem.wandb.plugins.module_utils._host.kernel import Kernel, wanted_sysctl

CNI_DIRECTORY = "/etc/cni/net.d"
CNI_OURS = "10-flannel.conflist"
KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"
RESOLV_CONF = "/etc/resolv.conf"
RESOLVED = "/run/systemd/resolve/resolv.conf"
BRIDGE = "cni0"
# Interfaces of containers and tunnels: what comes from another host does not come in there.
VIRTUAL = ("lo", "cni", "flannel", "docker", "veth", "cali", "kube-", "br-", "virbr", "dummy")

# Runs a program: its output, or None when it is not there or fails.
Run = t.Callable[[list[str]], t.Optional[str]]

# The module's option, as the action plugin fills it.
OPTIONS: dict[str, t.Any] = {
    "resolv_conf": {"type": "str", "default": ""},
    "tunnel": {"type": "str", "default": ""},
    "tunnel_port": {"type": "int", "default": 0},
    "kubelet_port": {"type": "int", "default": 0},
}


def undone(boot_settings: t.Mapping[str, t.Any], root: str = "/") -> list[dict[str, str]]:
    """What the next boot takes back of the settings that roles write to files of their own (file: values by key)."""
    kernel = Kernel(root)
    return [item for path, values in boot_settings.items() for item in kernel.undone(wanted_sysctl(values), path)]


def measure(wanted: t.Mapping[str, t.Any], taken_back: t.Sequence[dict[str, str]], run: Run, root: str = "/") -> dict[str, t.Any]:
    """All of it, for a host that is or becomes a node."""
    kernel = Kernel(root)
    links = interfaces(root)
    chains, tool = packet_filter(run)
    return {
        "node": os.path.exists(kernel.path(KUBELET_CONFIG)),
        "forwarding": kernel.sysctl("net.ipv4.ip_forward") or "",
        "undone": list(taken_back),
        "cni": cni_files(root),
        "resolver": resolver(root, str(wanted.get("resolv_conf") or "")),
        "interfaces": links,
        "tunnel": str(wanted.get("tunnel") or ""),
        "filter": tool,
        "dropped": dropped(chains, outer(links, kernel.read("/proc/net/route")), wanted),
    }


def interfaces(root: str = "/") -> list[str]:
    """Names of all network interfaces."""
    place = os.path.join(root, "sys/class/net")
    return sorted(os.listdir(place)) if os.path.isdir(place) else []


def outer(links: t.Sequence[str], routes: str) -> str:
    """The interface on which other hosts come in: the one of the default route, else the first that is real."""
    for line in routes.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 1 and fields[1] == "00000000":
            return fields[0]
    return next((name for name in links if not name.startswith(VIRTUAL)), "")


def cni_files(root: str = "/") -> list[str]:
    """What containerd would choose from, in its order: it takes the first."""
    place = os.path.join(root, CNI_DIRECTORY.lstrip("/"))
    names = os.listdir(place) if os.path.isdir(place) else []
    return sorted(name for name in names if name.endswith((".conf", ".conflist", ".json")))


def resolver(root: str = "/", chosen: str = "") -> dict[str, t.Any]:
    """The resolv.conf that the kubelet gives to CoreDNS: its own configuration, else the site's choice, else what kubeadm would find."""
    kernel = Kernel(root)
    configured = re.search(r"^resolvConf:\s*[\"']?([^\s\"']+)", kernel.read(KUBELET_CONFIG), re.MULTILINE)
    if configured:
        path = configured.group(1)
    elif chosen:
        path = chosen
    else:
        path = RESOLVED if os.path.exists(kernel.path(RESOLVED)) else RESOLV_CONF
    return {"file": path, "nameservers": nameservers(kernel.read(path))}


def nameservers(text: str) -> list[str]:
    """Addresses of a resolv.conf."""
    return [fields[1] for fields in (line.split() for line in text.splitlines()) if len(fields) > 1 and fields[0] == "nameserver"]


def packet_filter(run: Run) -> tuple[list[firewall.Chains], str]:
    """The chains of all packet filters of the host, and who told them; empty when no tool is there to ask."""
    found: list[firewall.Chains] = []
    tools: list[str] = []
    for tool, command, read in (
        ("nft", ["nft", "--json", "--terse", "list", "ruleset"], firewall.from_nft),
        # Without nft, iptables shows its own part. The legacy tables are invisible to both.
        ("iptables", ["iptables-save", "-t", "filter"], firewall.from_iptables),
        ("iptables-legacy", ["iptables-legacy-save", "-t", "filter"], lambda text: firewall.from_iptables(text, "iptables-legacy filter")),
    ):
        if tool == "iptables" and tools:
            continue
        text = run(command)
        if text is not None:
            try:
                found.append(read(text))
                tools.append(tool)
            except ValueError:
                continue
    return found, ", ".join(tools)


def dropped(filters: t.Sequence[firewall.Chains], interface: str, wanted: t.Mapping[str, t.Any]) -> list[dict[str, str]]:
    """Traffic of the cluster that the packet filter certainly drops: what, chain, by."""
    other = str(wanted.get("tunnel") or interface)
    tunnel_port, kubelet_port = int(wanted.get("tunnel_port") or 0), int(wanted.get("kubelet_port") or 0)
    asked = [
        ("forward", "traffic from pods of other nodes to pods here", firewall.Packet("forward", other, BRIDGE)),
        ("forward", "traffic from pods here to pods of other nodes", firewall.Packet("forward", BRIDGE, other)),
    ]
    if kubelet_port:
        asked.append(("input", f"the kubelet's TCP port {kubelet_port}", firewall.Packet("input", interface, dport=kubelet_port)))
    if tunnel_port:
        asked.append(("input", f"the tunnel between the nodes, UDP port {tunnel_port}", firewall.Packet("input", interface, "", "udp", tunnel_port)))
    return [
        {"hook": hook, "what": what, "chain": drop.chain, "by": drop.by}
        for hook, what, packet in asked
        for chains in filters
        for drop in firewall.drops(chains, packet)
    ]
