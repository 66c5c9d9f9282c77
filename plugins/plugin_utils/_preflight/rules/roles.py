# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules that each role has for its own variables, on every host that would run it."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Host, Site


def runs(site: Site, role: str) -> list[Host]:
    """Hosts on which a role runs: the bucket may be mirrored by a host outside the object store."""
    hosts = site.targets(role)
    if role == "minio_backup":
        names = dict.fromkeys(host.text("minio_backup_host") for host in site.hosts.values())
        hosts += [site.hosts[name] for name in names if name in site.hosts and site.hosts[name] not in hosts]
    return hosts


def roles(site: Site) -> Iterator[Finding]:
    """What each role would refuse by itself, after the layers before it have changed something."""
    from ..._rules import ROLES, judge  # they build on the rules of this package
    from ..._rules.model import Place

    for role in ROLES:
        for host in runs(site, role):
            yield from judge(role, Place(host, site.groups, site.read_file))


RULES = (roles,)
