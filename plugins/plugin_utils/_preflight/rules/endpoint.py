# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The address that follows the primary of MySQL."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from ... import _addresses
from ..model import SITE, Finding, Host, Site
from . import variables
from .topology import address

ENDPOINT = "mysql_endpoint_address"
REPLICATED = (
    *("mysql_database", "mysql_app_user", "mysql_app_password"),
    *("mysql_replication_user", "mysql_replication_password", "mysql_clone_user", "mysql_clone_password"),
)
EXPECTED = "an unused IPv4 address of the network of the MySQL hosts"


def is_ipv4(text: str) -> bool:
    """Whether a text is an IPv4 address."""
    try:
        return bool(ipaddress.IPv4Address(text))
    except ValueError:
        return False


def wanted(host: Host) -> str:
    """The endpoint of a host, when it is one; everything else is the business of the role's rules."""
    text = host.text(ENDPOINT)
    return text if is_ipv4(text) else ""


def held(host: Host) -> list[ipaddress.IPv4Interface]:
    """IPv4 addresses of a host's interfaces."""
    return [ipaddress.IPv4Interface(text) for text in host.measured.get("addresses", []) if is_ipv4(str(text).partition("/")[0])]


def holds(host: Host, endpoint: str) -> bool:
    """Whether keepalived has put the endpoint onto this host: it comes as a single address."""
    return ipaddress.IPv4Interface(endpoint + "/32") in held(host)


def missing(site: Site) -> Iterator[Finding]:
    """A pair whose primary nobody follows."""
    names = site.groups.get("mysql", [])
    view = site.view("mysql")
    if len(names) < 2 or view.text(ENDPOINT) or view.flag("preflight_allow_no_mysql_endpoint") or site.controller.variables.is_supplied("wandb_mysql_host"):
        return
    remedy = "reserve one and set it in group_vars/all.yml, so that W&B follows the primary; another way of your own: wandb_mysql_host: <address>; "
    yield Finding(SITE, ENDPOINT, "not set", EXPECTED, remedy + "to change W&B by hand after each failover: preflight_allow_no_mysql_endpoint: true")


def one_for_all(site: Site) -> Iterator[Finding]:
    """The same address on all members; whether it is one is a rule of the role."""
    values = {host.name: host.text(ENDPOINT) for host in site.members("mysql")}
    if len(set(values.values())) > 1:
        seen = ", ".join("%s: %s" % (name, value or "none") for name, value in values.items())
        yield Finding(SITE, ENDPOINT, seen, "one address for all hosts of group mysql", "set it once, in group_vars/all.yml; %s: <address>" % ENDPOINT)


def one_pair(site: Site) -> Iterator[Finding]:
    """What W&B is told once and finds on whichever member is the primary: the port behind the endpoint, and all that replicates with the accounts."""
    yield from variables.one_value(site, "mysql", [*(["mysql_port"] if wanted(site.view("mysql")) else []), *REPLICATED])


def somebodys(site: Site) -> Iterator[Finding]:
    """The endpoint is an address that a host of the inventory has already."""
    endpoint = wanted(site.view("mysql")) if site.has("mysql") else ""
    if not endpoint:
        return
    for host in site.hosts.values():
        own = any(str(one.ip) == endpoint for one in held(host)) and not ("mysql" in host.groups and holds(host, endpoint))
        if own or endpoint in [host.text(name) for name in _addresses.SITE]:
            yield Finding(host.name, ENDPOINT, "%s is an address of this host" % endpoint, EXPECTED, "%s: <an address that no machine has>" % ENDPOINT)


def network(site: Site) -> Iterator[Finding]:
    """An address moves between hosts only inside one network."""
    for host in site.members("mysql"):
        endpoint, own = wanted(host), host.text("mysql_address") or address(host)
        if not endpoint or not is_ipv4(own):
            continue
        around = [one.network for one in held(host) if str(one.ip) == own and one.network.prefixlen < 32]
        if around and ipaddress.IPv4Address(endpoint) not in around[0]:
            remedy = "%s: <an address there>; for hosts in different networks a load balancer before them, wandb_mysql_host: <its address>" % ENDPOINT
            yield Finding(host.name, ENDPOINT, "%s, and the host is in %s" % (endpoint, around[0]), EXPECTED, remedy)


def answering(site: Site) -> Iterator[Finding]:
    """Somebody has the address who is not in the inventory."""
    members = site.members("mysql")
    if list(somebodys(site)) or any(not host.measured for host in members) or len(members) < len(site.groups.get("mysql", [])):
        return
    for host in members:
        endpoint = wanted(host)
        who = (host.measured.get("answering") or {}).get(endpoint, "")
        if endpoint and who and not any(holds(member, endpoint) for member in members):
            remedy = "find the machine with that hardware address, or %s: <another>" % ENDPOINT
            yield Finding(host.name, ENDPOINT, "%s answers from %s" % (endpoint, who), EXPECTED, remedy)


RULES = (missing, one_for_all, one_pair, somebodys, network, answering)
