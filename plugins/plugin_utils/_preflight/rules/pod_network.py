# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What on a host would keep pods from each other: packet filter, somebody else's CNI configuration, resolver. And settings that a boot takes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ... import _pod_network as network
from ... import _traffic
from ..model import KUBE_GROUPS, PROBLEM, WARNING, Finding, Host, Site
from .firewall import opened_by_role


def boot_settings(host: Host) -> dict[str, dict[str, Any]]:
    """The module's option boot_settings: what the roles host and redis write, by file (module kernel_settings)."""
    ours = host.mapping("__host_kubernetes_sysctl") if host.in_any(KUBE_GROUPS) else {}
    wanted = {"onprem-wandb": {**ours, **host.mapping("host_sysctl")}, "onprem-wandb-redis": host.mapping("redis_sysctl") if host.in_any(["redis"]) else {}}
    found = {"/etc/sysctl.d/90-%s.conf" % name: {key: value for key, value in values.items() if value is not None} for name, values in wanted.items()}
    return {path: values for path, values in found.items() if values}


def measured_against(host: Host, hosts: Iterable[Host], controller: Host) -> dict[str, Any]:
    """The module's option pod_network, out of the variables of the roles kubernetes and cni."""
    backend = controller.mapping("cni_flannel_backend")
    vxlan = backend.get("Type", "vxlan") == "vxlan"
    return {
        "resolv_conf": str(host.mapping("kubernetes_kubelet_config_overrides").get("resolvConf") or ""),
        "tunnel": "flannel.%s" % backend.get("VNI", 1) if vxlan else "",
        "tunnel_port": _traffic.tunnel_port(controller),
        "kubelet_port": _traffic.kubelet_port(host, hosts),
    }


def pod_network(site: Site) -> Iterator[Finding]:
    """The troubles of each node. One that runs is repaired by hand; a forwarding that is off now is what the role host switches on."""
    for host in site.measured(*KUBE_GROUPS):
        for item in network.troubles(host.measured.get("pod_network") or {}):
            if item.kind in (network.FORWARDING, network.TUNNEL, network.BOOT):
                continue  # the first two are made by the roles: verify names them when they are not; the last is the rule below
            if item.comes_in and opened_by_role(host):
                continue
            severity = PROBLEM if item.serious and not forgiven(site, item) else WARNING
            yield Finding(host.name, item.subject, item.seen, item.expected, item.remedy, severity)


def forgiven(site: Site, item: network.Trouble) -> bool:
    """With iptables, flannel puts its own accept before the policy of the chain FORWARD."""
    return item.kind == network.FIREWALL and "FORWARD" in item.seen and site.controller.variables.get("cni_flannel_nftables") is False


def survives_a_boot(site: Site) -> Iterator[Finding]:
    """Kernel settings of the roles host and redis, on every host."""
    for host in site.measured():
        for item in network.boot({"undone": host.measured.get("undone") or []}):
            yield Finding(host.name, item.subject, item.seen, item.expected, item.remedy, PROBLEM if item.serious else WARNING)


RULES = (pod_network, survives_a_boot)
