# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every path between two hosts of the site: tried from where it begins, and read from the rules of the host where it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.onprem.wandb.plugins.module_utils._host.openings import plain

from ..model import PROBLEM, WARNING, Finding, Host, Site

MANAGED = ("firewalld", "ufw", "nftables")


def words(item: Mapping[str, Any]) -> str:
    """A service with its port."""
    number = " %s" % item["port"] if item["port"] else ""
    return "%s (%s%s)" % (item["service"], str(item["protocol"]).upper(), number)


def manager(host: Host) -> str:
    """What manages the host's firewall; empty where nothing filters."""
    return str((host.measured.get("firewall") or {}).get("manager") or "")


def opened_by_role(host: Host) -> bool:
    """Whether the role host will open the paths."""
    return host.flag("host_firewall_manage") and manager(host) in MANAGED and not unkept(host)


def unkept(host: Host) -> str:
    """Why rules would be gone after a boot."""
    return str((host.measured.get("firewall") or {}).get("unkept") or "")


def closed(host: Host) -> list[Mapping[str, Any]]:
    """What the host's own rules drop."""
    return list((host.measured.get("firewall") or {}).get("dropped") or [])


def own_rules(site: Site) -> Iterator[Finding]:
    """A firewall on a host that drops what others must reach, or that the role host is asked to open and would refuse."""
    for host in site.measured():
        items = closed(host)
        if opened_by_role(host) or not (items or (host.flag("host_firewall_manage") and manager(host))):
            continue
        where = ", ".join(dict.fromkeys("%s, %s" % (item["chain"], item["by"]) for item in items))
        value = "drops %s: %s" % (", ".join(words(item) for item in items), where) if items else "closes this host for some addresses"
        remedy = "host_firewall_manage: true, and role host opens just this; or paste what is printed by: ansible-playbook onprem.wandb.firewall -i <inventory>"
        if host.flag("host_firewall_manage") and unkept(host):
            value = "%s; %s" % (unkept(host), value)
            remedy = "systemctl enable nftables.service, with the rules in its file; or add what ansible-playbook onprem.wandb.firewall -i <inventory> prints"
        elif host.flag("host_firewall_manage"):
            remedy = "no program manages these rules, so the role leaves them alone; ansible-playbook onprem.wandb.firewall -i <inventory> prints what to add"
        yield Finding(host.name, "firewall (%s)" % (manager(host) or "rules"), value, "open to the hosts that need it: docs/network.md", remedy)


def tried(site: Site) -> Iterator[Finding]:
    """A path that was tried and has no answer, when the rules where it ends are not the reason that was named above."""
    for host in site.measured():
        for endpoint in host.measured["endpoints"]:
            target = site.hosts.get(str(endpoint.get("target") or ""))
            if not endpoint["error"] or not endpoint.get("target") or (target is not None and known(target, endpoint)):
                continue
            subject = "%s of %s" % (endpoint["name"], endpoint["target"])
            value = str(endpoint["error"])
            if target is None:  # not in this run, so it may be switched off
                yield Finding(host.name, subject, value, "reachable from the host", "nc -vz %s %s on the host" % (endpoint["host"], endpoint["port"]), WARNING)
                continue
            remedy = "nc -vz %s %s on the host; open it in what is between, or on %s as printed by: ansible-playbook onprem.wandb.firewall -i <inventory>"
            yield Finding(host.name, subject, value, "open from the host", remedy % (endpoint["host"], endpoint["port"], target.name), PROBLEM)


def known(target: Host, endpoint: Mapping[str, Any]) -> bool:
    """Whether another finding says why: the host is away, or its own rules; or the role is about to open them."""
    return not target.measured or opened_by_role(target) or any(item["protocol"] == "tcp" and item["port"] == endpoint["port"] for item in closed(target))


def administrators(site: Site) -> Iterator[Finding]:
    """What role host and the playbook firewall would end at. Asked of every host: the list mostly stands for all of them."""
    variable, expected = "host_firewall_administrators", "IPv4 addresses or networks: the rules are for IPv4"
    remedy = "take it out, or write the address that the API is asked from: %s: [192.0.2.0/24]" % variable
    for host in site.hosts.values():
        for source in host.texts(variable):
            try:
                plain(source)
            except ValueError:
                yield Finding(host.name, variable, source, expected, remedy)


RULES = (own_rules, tried, administrators)
