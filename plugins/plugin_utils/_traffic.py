# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who talks to whom on which port: the one table. PRIVATE to the collection.

Preflight's questions, the rules of a host's firewall and the picture in docs/network.md come from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import _addresses
from ._preflight.model import KUBE_GROUPS, KNOWN_GROUPS, Host

KUBE = "kube"  # both groups of the cluster
USERS = "users"  # browsers and training machines: from anywhere
ADMINISTRATOR = "administrator"  # the machine that Ansible runs on
ALL = "all"

VXLAN_PORT = 8472  # flannel's, on Linux


@dataclass(frozen=True)
class Service:
    """What listens on the hosts of a group, and who must reach it."""

    target: str
    name: str
    port: int
    sources: tuple[str, ...] = ()  # nobody: of the host itself only
    variable: str = ""  # of the host, with another port
    protocol: str = "tcp"
    switch: str = ""  # variable of the host without which it is off


SERVICES: tuple[Service, ...] = (
    Service(ALL, "SSH", 22, (ADMINISTRATOR,), "ansible_port"),
    Service("kube_control_plane", "kube-apiserver", 6443, (ADMINISTRATOR, KUBE)),
    Service("kube_control_plane", "etcd", 2379),
    Service("kube_control_plane", "etcd peers", 2380),
    Service("kube_control_plane", "kube-controller-manager", 10257),
    Service("kube_control_plane", "kube-scheduler", 10259),
    Service(KUBE, "kubelet", 10250, ("kube_control_plane",)),
    Service(KUBE, "kubelet health", 10248),
    Service(KUBE, "kube-proxy health", 10256),
    Service(KUBE, "pod network", VXLAN_PORT, (KUBE,), protocol="udp"),
    Service(KUBE, "ingress HTTP", 80, (USERS,), "ingress_http_port"),
    Service(KUBE, "ingress HTTPS", 443, (USERS,), "ingress_https_port"),
    Service("mysql", "MySQL", 3306, (KUBE, "mysql"), "mysql_port"),
    Service("mysql", "VRRP of the MySQL address", 0, ("mysql",), protocol="vrrp", switch="mysql_endpoint_address"),
    Service("redis", "Redis", 6379, (KUBE,), "redis_port"),
    Service("minio", "MinIO", 9000, (USERS, KUBE, "mysql", "minio"), "minio_port"),
    Service("minio", "MinIO console", 9001, (USERS,), "minio_console_port", switch="minio_console"),
)


def groups_of(group: str) -> tuple[str, ...]:
    """Groups of the inventory that a name of the table stands for."""
    return {KUBE: KUBE_GROUPS, ALL: KNOWN_GROUPS}.get(group, (group,))


def is_on(service: Service, host: Host) -> bool:
    """Whether the variable that switches it on does."""
    return not service.switch or host.variables.get(service.switch) not in (None, "", False)


def offered(host: Host, controller: Host) -> Iterator[tuple[Service, int]]:
    """What listens on a host, with its port."""
    for service in SERVICES:
        if host.in_any(groups_of(service.target)) and is_on(service, host):
            port = tunnel_port(controller) if service.protocol == "udp" else host.number(service.variable, service.port) if service.variable else service.port
            if port or service.protocol == "vrrp":
                yield service, port


def tunnel_port(controller: Host) -> int:
    """UDP port of the pods' tunnel; 0 without one."""
    backend = controller.mapping("cni_flannel_backend")
    port = backend.get("Port", VXLAN_PORT)
    return port if backend.get("Type", "vxlan") == "vxlan" and isinstance(port, int) else 0


def kubelet_port(host: Host, hosts: Iterable[Host]) -> int:
    """TCP port of a node's kubelet; 0 where nobody but the node itself asks it, such as the only control plane."""
    everybody = list(hosts)
    return next((service.port for service in SERVICES if service.name == "kubelet" and is_asked(service, host, everybody)), 0)


def talks_to(service: Service, source: Host) -> bool:
    """Whether a host is one of those who must reach a service. Users are anybody, so every host of the site could be asked; those that must are enough."""
    return any(source.in_any(groups_of(group)) for group in service.sources if group not in (USERS, ADMINISTRATOR))


def reached(host: Host, layer: str) -> str:
    """Where others reach a host of a layer."""
    own = _addresses.OWN.get(layer, "")
    return _addresses.reached(host.name, {name: host.text(name) for name in (own, *_addresses.SITE) if name}, own)


def asked_from(source: Host, hosts: Iterable[Host], controller: Host) -> list[dict[str, Any]]:
    """The TCP paths that begin at a host, for the module's option endpoints."""
    return [
        {"name": service.name, "host": reached(host, service.target), "port": port, "target": host.name}
        for host in hosts
        if host.name != source.name
        for service, port in offered(host, controller)
        if service.protocol == "tcp" and talks_to(service, source)
    ]


def is_asked(service: Service, host: Host, hosts: Iterable[Host]) -> bool:
    """Whether anybody but the host itself must reach a service there. What a host asks of itself comes in by no interface."""
    outside = USERS in service.sources or ADMINISTRATOR in service.sources
    return outside or any(other.name != host.name and talks_to(service, other) for other in hosts)


def asked_at(host: Host, hosts: Iterable[Host], controller: Host) -> list[dict[str, Any]]:
    """What others must reach on a host, for the module's option inbound. SSH is there, or nobody asks."""
    everybody = list(hosts)
    found = [(service, port) for service, port in offered(host, controller) if service.target != ALL and is_asked(service, host, everybody)]
    return [{"service": service.name, "protocol": service.protocol, "port": port} for service, port in found]


def origins(host: Host, facts: Mapping[str, Any]) -> list[str]:
    """IPv4 addresses that a host's packets may carry: those that the inventory names, and that of its default route.

    The rules are for IPv4. Ansible may reach a host over IPv6 whose host_address is not.
    """
    named = [host.text(name) for name in (*_addresses.SITE, *_addresses.OWN.values())]
    known = {name: host.text(name) for name in _addresses.SITE if host.text(name)}
    return [text for text in [*named, _addresses.held(host.name, known, facts)] if _addresses.numeric(text) and ":" not in text]


def openings(
    host: Host, hosts: Iterable[Host], controller: Host, addresses: Callable[[Host], Iterable[str]], administrators: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Every path that ends at a host: service, protocol, port, and the addresses it comes from; none: from anywhere.

    Without SSH: it is open, or nobody would ask; and a rule of ours for it would take the way in with it when it goes.
    """
    others = [other for other in hosts if other.name != host.name]
    found = []
    for service, port in offered(host, controller):
        if not service.sources or service.target == ALL:
            continue
        sources = {address for other in others if talks_to(service, other) for address in addresses(other)}
        if KUBE in service.sources and host.in_any(KUBE_GROUPS):
            sources.update(pods(host))
        if ADMINISTRATOR in service.sources:
            sources.update(administrators)
        anywhere = USERS in service.sources or (ADMINISTRATOR in service.sources and not administrators)
        if anywhere or sources:
            found.append({"service": service.name, "protocol": service.protocol, "port": port, "sources": [] if anywhere else sorted(sources)})
    return found


def pods(host: Host) -> list[str]:
    """Ranges of the pods: those of the host itself reach it under their own addresses, those of others under their host's."""
    return [part.strip() for part in host.text("kubernetes_pod_cidr").split(",") if "." in part]
