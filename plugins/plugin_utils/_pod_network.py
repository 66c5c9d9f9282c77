# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what a host's measurement (module_utils/_host/pod_network.py) means for its pods. Preflight's rules and verify's rows ask here."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.onprem.wandb.plugins.module_utils._host.pod_network import CNI_DIRECTORY, CNI_OURS

# Kinds of trouble, in the order in which they are named as a cause.
FORWARDING, FIREWALL, TUNNEL, CNI, RESOLVER, KUBELET, BOOT = "forwarding", "firewall", "tunnel", "cni", "resolver", "kubelet", "boot"
CUTS_TRAFFIC = (FORWARDING, FIREWALL, TUNNEL, CNI)


class Trouble(NamedTuple):
    """One thing on a host that breaks the network of pods, or will."""

    kind: str
    subject: str
    seen: str
    expected: str
    remedy: str
    serious: bool = True  # False: somebody should know, the cluster works
    comes_in: bool = False  # packets to the host itself are dropped, as its own firewall does

    def sentence(self) -> str:
        """For a row of a report."""
        return f"{self.subject} is {self.seen}, expected {self.expected}. Next: {self.remedy}"


def troubles(found: Mapping[str, Any]) -> Iterator[Trouble]:
    """Everything that a host has against its pods."""
    if not found:
        return
    for look in (forwarding, firewall, tunnel, cni, resolver, boot):
        yield from look(found)


def forwarding(found: Mapping[str, Any]) -> Iterator[Trouble]:
    """A host that is a node already must forward now; a bare one is told to by the role host."""
    if found["node"] and found["forwarding"] not in ("", "1"):
        why = next((" (as %s says)" % item["file"] for item in found["undone"] if item["key"] == "net.ipv4.ip_forward"), "")
        yield Trouble(FORWARDING, "net.ipv4.ip_forward", found["forwarding"] + why, "1", "sysctl -w net.ipv4.ip_forward=1")


def firewall(found: Mapping[str, Any]) -> Iterator[Trouble]:
    """Packets that a chain certainly drops."""
    for item in found["dropped"]:
        family, table, chain = (item["chain"].split() + ["", ""])[:3]
        show = "nft list chain %s %s %s" % (family, table, chain) if chain else "iptables-save -t filter"
        remedy = f"{show} shows it; change it where it is made (Docker, ufw, firewalld, /etc/nftables.conf) so that it lets this through"
        kind = KUBELET if "kubelet" in item["what"] else FIREWALL
        seen = "dropping %s (%s: %s)" % (item["what"], item["chain"], item["by"])
        yield Trouble(kind, "packet filter", seen, "accepted", remedy, comes_in=item["hook"] == "input")


def tunnel(found: Mapping[str, Any]) -> Iterator[Trouble]:
    """flannel makes the interface of the tunnel on every node."""
    if found["node"] and found["tunnel"] and found["tunnel"] not in found["interfaces"]:
        remedy = "on the control plane: kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-flannel get pods -o wide, and the log of the pod on this node"
        yield Trouble(TUNNEL, "interface %s" % found["tunnel"], "missing", "made by flannel", remedy)


def cni(found: Mapping[str, Any]) -> Iterator[Trouble]:
    """containerd takes the first file by name."""
    names = found["cni"]
    foreign = [name for name in names if name < CNI_OURS]
    if foreign:
        path = "%s/%s" % (CNI_DIRECTORY, foreign[0])
        seen = "before %s by name: pods get that network" % CNI_OURS
        yield Trouble(CNI, path, seen, "the only file there, or after it", "mv %s /root/" % " ".join("%s/%s" % (CNI_DIRECTORY, name) for name in foreign))
    elif names and CNI_OURS not in names and not found["node"]:
        seen = "the only network until flannel runs: the first pods get it"
        remedy = "mv %s /root/" % " ".join("%s/%s" % (CNI_DIRECTORY, name) for name in names)
        yield Trouble(CNI, "%s/%s" % (CNI_DIRECTORY, names[0]), seen, "no file of another network", remedy, serious=False)


def loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def resolver(found: Mapping[str, Any]) -> Iterator[Trouble]:
    """CoreDNS asks the nameservers of this file. In its pod a loopback address is CoreDNS itself: it sees the loop and ends."""
    local = [address for address in found["resolver"]["nameservers"] if loopback(address)]
    if local:
        seen = "nameserver %s, which in a pod is the pod itself: CoreDNS crashes on this host" % ", ".join(local)
        remedy = (
            "set kubernetes_kubelet_config_overrides: {resolvConf: /etc/resolv-upstream.conf}, and write the real nameservers to that file "
            "(on a node that has joined: resolvConf in /var/lib/kubelet/config.yaml, then systemctl restart kubelet)"
        )
        yield Trouble(RESOLVER, found["resolver"]["file"], seen, "nameservers that pods reach", remedy)


def boot(found: Mapping[str, Any]) -> Iterator[Trouble]:
    """A file that is read after ours takes a setting back at the next boot."""
    for item in found["undone"]:
        seen = "%s at the next boot, by %s" % (item["value"], item["file"])
        remedy = "take the line out of %s (grep -n %s %s)" % (item["file"], item["key"].rsplit(".", 1)[-1], item["file"])
        # How many files may be watched is a matter of degree; without forwarding no pod is reached.
        yield Trouble(BOOT, item["key"], seen, item["wanted"], remedy, serious=not item["key"].startswith("fs."))
