# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who does what: shapes of the groups, primary and standby."""

from __future__ import annotations

from collections.abc import Iterator

from ... import _addresses, _traffic
from ..model import KNOWN_GROUPS, KUBE_GROUPS, PROBLEM, SITE, WARNING, Finding, Host, Site


def address(host: Host) -> str:
    """Where other hosts reach a host."""
    return _traffic.reached(host, "")


def mysql_machines(site: Site) -> Iterator[Finding]:
    """The primary is not the same machine as the standby."""
    seen: dict[str, str] = {}
    for host in site.members("mysql"):
        place = address(host)
        if place in seen:
            value = "%s and %s are both %s" % (seen[place], host.name, place)
            remedy = "correct one of them in the inventory, ansible_host: <its address>"
            yield Finding(SITE, "group mysql", value, "primary and standby on separate machines", remedy)
        seen.setdefault(place, host.name)


def single_hosts(site: Site) -> Iterator[Finding]:
    """Groups that take one host in this release."""
    names = site.groups.get("redis", [])
    if len(names) > 1:
        remedy = "W&B uses one single-node Redis, so leave one host in the group; ansible-inventory -i <inventory> --graph redis"
        yield Finding(SITE, "group redis", ", ".join(names), "one host", remedy)


def same_address(site: Site) -> Iterator[Finding]:
    """Two names of the inventory for one machine, outside the mysql group."""
    owners: dict[str, list[str]] = {}
    for host in site.hosts.values():
        owners.setdefault(address(host), []).append(host.name)
    for place, names in owners.items():
        if len(names) > 1 and not set(names) <= set(site.groups.get("mysql", [])):
            remedy = "list a machine once, as a host may be in several groups; ansible-inventory -i <inventory> --graph"
            yield Finding(", ".join(names), "address", place, "one inventory name per machine", remedy)


def itself(site: Site) -> Iterator[Finding]:
    """An address at which each machine, and each pod, finds itself."""
    for host in site.hosts.values():
        if _addresses.loopback(address(host)):
            remedy = "in the inventory host_address: <its address in the network>; ansible_connection and ansible_host may stay"
            yield Finding(host.name, "host_address", address(host), "an address at which the other hosts and W&B's pods reach it", remedy)


def held(site: Site) -> Iterator[Finding]:
    """An address that others use and none of the host's interfaces has: a translated or forwarded one. What binds to it does not start."""
    for host in site.measured():
        own = {str(text).partition("/")[0] for text in host.measured["addresses"]}
        value = address(host)
        if not own or value in own or not _addresses.numeric(value) or _addresses.loopback(value):
            continue
        binds = bool(host.text("host_address")) or ("mysql" in host.groups and bool(host.text("mysql_endpoint_address")))
        seen = "%s, and the host has %s" % (value, ", ".join(sorted(own)))
        expected = "an address of one of its interfaces" if binds else "an address of one of its interfaces, or one that leads there from every host"
        remedy = "in host_vars of this host host_address: <its own>; ip -br address"
        yield Finding(host.name, "host_address", seen, expected, remedy, PROBLEM if binds else WARNING)


def node_names(site: Site) -> Iterator[Finding]:
    """Two nodes of one name are one node to Kubernetes."""
    owners: dict[str, list[str]] = {}
    for host in site.members(*KUBE_GROUPS):
        owners.setdefault(host.text("kubernetes_node_name") or host.name.lower(), []).append(host.name)
    for name, hosts in owners.items():
        if len(hosts) > 1:
            yield Finding(", ".join(hosts), "kubernetes_node_name", name, "another on every host", "in host_vars kubernetes_node_name: <its own>")


def minio_pair(site: Site) -> Iterator[Finding]:
    """Two hosts write together or not at all. A set that runs already is not taken apart by a refusal."""
    names = site.groups.get("minio", [])
    if len(names) != 2:
        return
    ports = {host.name: {port for service, port in _traffic.offered(host, site.controller) if service.name == "MinIO"} for host in site.measured("minio")}
    runs = any(entry["port"] in ports[host.name] and entry.get("ours") for host in site.measured("minio") for entry in host.measured["ports"])
    expected = "one host, or three and more: when either of two is away nobody writes, so neither can ever be restarted"
    remedy = "leave one host in the group, or add a third; for a second place of the files minio_backup_target: {type: s3}"
    yield Finding(SITE, "group minio", ", ".join(names), expected, remedy, WARNING if runs else PROBLEM)


def some_hosts(site: Site) -> Iterator[Finding]:
    """An inventory without any known group installs nothing."""
    if not any(site.has(group) for group in KNOWN_GROUPS):
        found = ", ".join(sorted(name for name in site.groups if name not in ("all", "ungrouped"))) or "none"
        remedy = "ansible-inventory -i <inventory> --graph shows what is read; inventories/sample has all groups"
        yield Finding(SITE, "groups", found, "hosts in some of %s" % ", ".join(KNOWN_GROUPS), remedy)


RULES = (mysql_machines, single_hosts, same_address, itself, held, node_names, minio_pair, some_hosts)
