# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who does what: shapes of the groups, primary and standby."""

from __future__ import annotations

from collections.abc import Iterator

from ... import _addresses
from ..interface import PORTS
from ..model import KNOWN_GROUPS, PROBLEM, SITE, WARNING, Finding, Host, Site


def address(host: Host) -> str:
    """Where other hosts reach a host."""
    return next((host.text(name) for name in _addresses.SITE if host.text(name)), host.name)


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


def minio_pair(site: Site) -> Iterator[Finding]:
    """Two hosts write together or not at all. A set that runs already is not taken apart by a refusal."""
    names = site.groups.get("minio", [])
    if len(names) != 2:
        return
    (variable, port), *_others = [(variable, port) for group, _service, variable, port in PORTS if group == "minio" and variable]
    runs = any(entry["port"] == host.number(variable, port) and entry.get("ours") for host in site.measured("minio") for entry in host.measured["ports"])
    expected = "one host, or three and more: when either of two is away nobody writes, so neither can ever be restarted"
    remedy = "leave one host in the group, or add a third; for a second place of the files minio_backup_target: {type: s3}"
    yield Finding(SITE, "group minio", ", ".join(names), expected, remedy, WARNING if runs else PROBLEM)


def some_hosts(site: Site) -> Iterator[Finding]:
    """An inventory without any known group installs nothing."""
    if not any(site.has(group) for group in KNOWN_GROUPS):
        found = ", ".join(sorted(name for name in site.groups if name not in ("all", "ungrouped"))) or "none"
        remedy = "ansible-inventory -i <inventory> --graph shows what is read; inventories/sample has all groups"
        yield Finding(SITE, "groups", found, "hosts in some of %s" % ", ".join(KNOWN_GROUPS), remedy)


RULES = (mysql_machines, single_hosts, same_address, minio_pair, some_hosts)
