# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What on a host would keep pods from each other: packet filter, somebody else's CNI configuration, resolver, settings that the next boot takes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ... import _pod_network as network
from ..model import KUBE_GROUPS, PROBLEM, WARNING, Finding, Host, Site

VXLAN_PORT = 8472  # flannel's, on Linux


def measured_against(host: Host, controller: Host) -> dict[str, Any]:
    """The module's option pod_network, out of the variables of the roles host, kubernetes and cni."""
    own = host.mapping("host_sysctl")
    wanted = {**host.mapping("__host_kubernetes_sysctl"), **own}
    backend = controller.mapping("cni_flannel_backend")
    vxlan = backend.get("Type", "vxlan") == "vxlan"
    port = backend.get("Port", VXLAN_PORT)
    return {
        "sysctl": {key: value for key, value in wanted.items() if value is not None},
        "resolv_conf": str(host.mapping("kubernetes_kubelet_config_overrides").get("resolvConf") or ""),
        "tunnel": "flannel.%s" % backend.get("VNI", 1) if vxlan else "",
        "tunnel_port": port if vxlan and isinstance(port, int) else 0,
    }


def pod_network(site: Site) -> Iterator[Finding]:
    """The troubles of each node. One that runs is repaired by hand; a forwarding that is off now is what the role host switches on."""
    for host in site.measured(*KUBE_GROUPS):
        for item in network.troubles(host.measured.get("pod_network") or {}):
            if item.kind in (network.FORWARDING, network.TUNNEL):
                continue  # made by the roles: verify names them when they are not
            severity = PROBLEM if item.serious and not forgiven(site, item) else WARNING
            yield Finding(host.name, item.subject, item.seen, item.expected, item.remedy, severity)


def forgiven(site: Site, item: network.Trouble) -> bool:
    """With iptables, flannel puts its own accept before the policy of the chain FORWARD."""
    return item.kind == network.FIREWALL and "FORWARD" in item.seen and site.controller.variables.get("cni_flannel_nftables") is False


RULES = (pod_network,)
