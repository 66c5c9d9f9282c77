# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names, address ranges, ports and what must be reachable."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Union

from ... import _addresses, _traffic
from ..interface import EXTERNAL, NAMES
from ..model import CONTROLLER, KUBE_GROUPS, WARNING, Finding, Host, Site
from ..types import is_empty

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
CIDR_VARIABLES = ("kubernetes_pod_cidr", "kubernetes_service_cidr")
FILES, IMAGES = "release files", "images"  # names of endpoints of which rules/upstream.py speaks
NODE_MASK = 24  # what every node gets of the pod range


def name_problem(name: str) -> str:
    """Why a host name will not do for W&B; empty when it will."""
    bare = name.strip("[]")
    try:
        ipaddress.ip_address(bare)
        return "an address cannot be in a certificate of a public CA and breaks W&B's cookies: make a DNS record"
    except ValueError:
        pass
    if "://" in name or "/" in name:
        return "write the name only, without https:// and path"
    if ":" in name:
        return "write the name only, without port"
    if "." not in name.strip("."):
        return "a name without a dot does not work outside the local network: write the full name, such as wandb.example.com"
    if len(name) > 253 or not all(LABEL.match(label) for label in name.split(".")):
        return "use small letters, digits and hyphens between dots"
    return ""


def names(site: Site) -> Iterator[Finding]:
    """Names of W&B and of the object store."""
    for variable in NAMES:
        for host in [site.controller, *site.hosts.values()]:
            value = host.text(variable)
            reason = name_problem(value) if value else ""
            if reason:
                yield Finding(host.name, variable, value, "a DNS name such as wandb.example.com", "%s; %s: wandb.example.com" % (reason, variable))


def licence(site: Site) -> Iterator[Finding]:
    """W&B's sources contradict each other on what runs without one; none says everything does."""
    variables = site.controller.variables
    if "wandb_license" in site.specs.get("wandb", {}) and is_empty(variables.get("wandb_license")) and "wandb_license" not in variables.errors:
        remedy = "wandb_license: <one from deploy.wandb.ai>; without, W&B starts in a limited state or not at all"
        yield Finding(CONTROLLER, "wandb_license", "not set", "a licence", remedy, WARNING)


def parse_ranges(text: str) -> list[Network]:
    """One range, or two with a comma between them. Raises ValueError."""
    return [ipaddress.ip_network(part.strip(), strict=True) for part in text.split(",")]


def ranges(host: Host, variable: str) -> list[Network]:
    """The ranges of a variable; none when it is empty or wrong, which is another finding."""
    try:
        return parse_ranges(host.text(variable))
    except ValueError:
        return []


def cidr_syntax(site: Site) -> Iterator[Finding]:
    """Ranges must be networks, and the pod range must have room for all nodes."""
    for host in site.members(*KUBE_GROUPS):
        for variable in CIDR_VARIABLES:
            text = host.text(variable)
            try:
                found = parse_ranges(text) if text else []
            except ValueError as error:
                yield Finding(host.name, variable, text, "a network such as 10.244.0.0/16", "%s; %s: 10.244.0.0/16" % (error, variable))
                continue
            nodes = len({name for group in KUBE_GROUPS for name in site.groups.get(group, [])})
            small = [net for net in found if variable == "kubernetes_pod_cidr" and net.version == 4 and 2 ** max(0, NODE_MASK - net.prefixlen) < nodes]
            if small:
                expected = "room for a /%d for each of %d nodes" % (NODE_MASK, nodes)
                yield Finding(host.name, variable, text, expected, "a larger range; %s: 10.244.0.0/16" % variable)


def host_networks(host: Host) -> list[tuple[str, Network]]:
    """Networks of a host's own interfaces, and its address in the inventory when that is one."""
    found = [(address, ipaddress.ip_interface(address).network) for address in host.measured.get("addresses", [])]
    for variable in _addresses.SITE:
        try:
            found.append((variable, ipaddress.ip_network(host.text(variable))))
        except ValueError:
            continue
    return found


def overlaps(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def cidr_overlap(site: Site) -> Iterator[Finding]:
    """Pods, services and hosts must not share addresses: traffic for one would go to the other."""
    if not site.has("kube_control_plane"):
        return
    view = site.view(*KUBE_GROUPS)
    pods, services = ranges(view, CIDR_VARIABLES[0]), ranges(view, CIDR_VARIABLES[1])
    for pod in pods:
        for service in services:
            if overlaps(pod, service):
                value = "%s and %s" % (pod, service)
                remedy = "another range for one of them; %s: 10.244.0.0/16" % CIDR_VARIABLES[0]
                yield Finding(view.name, " / ".join(CIDR_VARIABLES), value, "ranges that do not overlap", remedy)
    for variable, networks in zip(CIDR_VARIABLES, (pods, services)):
        for network in networks:
            yield from against_hosts(site, variable, network)


def against_hosts(site: Site, variable: str, network: Network) -> Iterator[Finding]:
    """One range against the networks of all hosts."""
    for host in site.hosts.values():
        hit = next((str(net) for _source, net in host_networks(host) if overlaps(network, net)), "")
        if hit:
            value = "%s, and the host is in %s" % (network, hit)
            yield Finding(host.name, variable, value, "a range that no host uses", "another private range; %s: 10.96.0.0/12" % variable)


def wanted_ports(host: Host, controller: Host) -> list[tuple[str, int]]:
    """Ports that our services will listen on at a host."""
    ours = ((service, port) for service, port in _traffic.offered(host, controller) if service.protocol == "tcp" and service.target != _traffic.ALL)
    return [(service.name, port) for service, port in ours]


def ports_in_use(site: Site) -> Iterator[Finding]:
    """A port that something else listens on. Our own processes of an earlier run do not count."""
    for host in site.measured():
        wanted = {port: service for service, port in reversed(wanted_ports(host, site.controller))}
        for entry in host.measured["ports"]:
            if entry["port"] not in wanted or entry.get("ours"):
                continue
            who = entry.get("process") or "unknown process"
            place = ", ".join(str(part) for part in ("pid %s" % entry["pid"] if entry.get("pid") else "", entry.get("unit") or entry.get("exe")) if part)
            value = "%s%s" % (who, " (%s)" % place if place else "")
            expected = "free for %s" % wanted[entry["port"]]
            remedy = "systemctl disable --now <its unit> on the host, or move the service to another host; ss -ltnp shows it"
            yield Finding(host.name, "TCP port %d" % entry["port"], value, expected, remedy)


def ports_twice(site: Site) -> Iterator[Finding]:
    """Two of our own services that want the same port of one host."""
    for host in site.hosts.values():
        services: dict[int, list[str]] = {}
        for service, port in wanted_ports(host, site.controller):
            services.setdefault(port, []).append(service)
        for port, wanting in services.items():
            if len(wanting) > 1:
                remedy = "give one of them another port in host_vars, for example ingress_https_port: 8443"
                yield Finding(host.name, "TCP port %d" % port, " and ".join(wanting), "one service per port", remedy)


def told_port(site: Site) -> Iterator[Finding]:
    """W&B tells its users https:// and its name, without a port."""
    port = site.controller.number("ingress_https_port", 443)
    if port != 443 and site.has("kube_node"):
        remedy = "forward 443 of wandb_fqdn to it (a load balancer before the nodes), or ingress_https_port: 443"
        yield Finding(CONTROLLER, "ingress_https_port", str(port), "443, which W&B's addresses mean", remedy, WARNING)


def split_endpoint(text: str, default_port: int) -> tuple[str, int]:
    """Host and port of host, host:port or https://host:port/path."""
    scheme, _separator, rest = text.rpartition("://")
    place = rest.split("/")[0]
    host, _colon, port = place.rpartition(":")
    if host and port.isdigit():
        return host.strip("[]"), int(port)
    return place.strip("[]"), 80 if scheme == "http" else default_port


def external_endpoints(groups: dict[str, list[str]], controller: Host) -> list[dict[str, object]]:
    """What the nodes must reach because the inventory has no host for it."""
    found: list[dict[str, object]] = []
    for group, (_what, _required, (host_variable, port_variable, default)) in EXTERNAL.items():
        address = controller.text(host_variable)
        if groups.get(group) or not address:
            continue
        host, port = split_endpoint(address, controller.number(port_variable, default) if port_variable else default)
        found.append({"name": host_variable, "host": host, "port": port})
    return found


def external_itself(site: Site) -> Iterator[Finding]:
    """An external service at localhost, which W&B asks from its pods."""
    for endpoint in external_endpoints(site.groups, site.controller):
        if _addresses.loopback(str(endpoint["host"])):
            remedy = "%s: <its name or address in the network>" % endpoint["name"]
            yield Finding(CONTROLLER, str(endpoint["name"]), str(endpoint["host"]), "an address that pods reach: in a pod this is the pod itself", remedy)


def mirror_endpoint(host: Host) -> list[dict[str, object]]:
    """The mirror, which every host fetches from."""
    mirror = host.text("artifacts_mirror")
    if not mirror.startswith(("http://", "https://")):
        return []
    name, port = split_endpoint(mirror, 443)
    return [{"name": "artifacts_mirror", "host": name, "port": port}]


def control_plane_endpoint(host: Host) -> list[dict[str, object]]:
    """The name of the control plane, which must resolve on every node, unless the role host writes it into /etc/hosts."""
    value = host.text("kubernetes_control_plane_endpoint")
    if not value or host.flag("host_etc_hosts"):
        return []
    return [{"name": "kubernetes_control_plane_endpoint", "host": split_endpoint(value, 6443)[0], "port": 0}]


def external_cluster(site: Site) -> Iterator[Finding]:
    """Without Kubernetes hosts in the inventory, an existing cluster is used by its kubeconfig."""
    if site.has("kube_control_plane") or site.has("kube_node"):
        return
    path = site.controller.text("site_kubeconfig")
    if not path or site.read_file(path) is None:
        remedy = "cp <kubeconfig of the cluster> %s, or put hosts into group kube_control_plane" % (path or "<file>, and site_kubeconfig: <file>")
        yield Finding(CONTROLLER, "site_kubeconfig", path or "not set", "a readable kubeconfig: group kube_control_plane is empty", remedy)


def unreachable(site: Site) -> Iterator[Finding]:
    """Endpoints that a host could not resolve or connect to."""
    for host in site.measured():
        for endpoint in host.measured["endpoints"]:
            if endpoint["error"] and not endpoint.get("target") and endpoint["name"] not in (FILES, IMAGES):
                value = "%s:%s" % (endpoint["host"], endpoint["port"]) if endpoint["port"] else endpoint["host"]
                remedy = "%s; curl -v %s:%s on the host, then DNS, routing and firewalls" % (endpoint["error"], endpoint["host"], endpoint.get("port") or "")
                yield Finding(host.name, endpoint["name"], value, "reachable from the host", remedy)


RULES = (names, licence, cidr_syntax, cidr_overlap, ports_in_use, ports_twice, told_port, external_itself, external_cluster, unreachable)
