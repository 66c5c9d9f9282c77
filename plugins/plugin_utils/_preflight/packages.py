# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what roles will ask a host's package manager for, by the roles' own variables.

Preflight asks before it knows what system a host has. So the variables are read once for each supported system, and the host takes its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import _store_wiring
from .gather import Gatherer, roles_of
from .interface import PACKAGES
from .model import Host
from .rules.hosts import DEBIAN, ENTERPRISE, UBUNTU
from .rules.versions import REDIS


def facts(family: str, distribution: str, version: str) -> dict[str, str]:
    """What a role's variables may ask about a system before anybody has looked at it."""
    major = version.split(".", maxsplit=1)[0]
    return {"os_family": family, "distribution": distribution, "distribution_version": version, "distribution_major_version": major, "architecture": "x86_64"}


SYSTEMS: dict[str, dict[str, str]] = {
    **{"debian %s" % version: facts("Debian", "Debian", version) for version in DEBIAN},
    **{"ubuntu %s" % version: facts("Debian", "Ubuntu", version) for version in UBUNTU},
    **{"el %s" % version: facts("RedHat", "RedHat", version) for version in ENTERPRISE},
}


def mirrors(gatherer: Gatherer, host: Host) -> bool:
    """Whether the host is the one that fills the second place of the bucket."""
    asked = host if host.in_any(["minio"]) else gatherer.with_facts(host.name, "minio_backup", {})
    if not asked.mapping("minio_backup_target").get("type"):
        return False
    keys = ("minio_backup_target", "minio_backup_host")
    said = {one.name: {key: one.variables.get(key) for key in keys if one.variables.is_supplied(key)} for one in gatherer.ours()}
    return _store_wiring.mirror(said, gatherer.groups.get("minio", []), host.name)[0] == host.name


def installing(gatherer: Gatherer, host: Host) -> Iterator[str]:
    """Roles that will install packages on the host."""
    roles = [role for role in roles_of(host.groups) if role in PACKAGES and role != "minio_backup"]
    for role in roles:
        if role == "redis" and host.text("redis_install_method") != "package":
            continue
        if role == "mysql_backup" and host.flag("mysql_backup_accept_none"):
            continue
        yield role
    if mirrors(gatherer, host):
        yield "minio_backup"


def bounds(role: str, name: str, place: Host) -> dict[str, str]:
    """The versions that a role takes: `oldest` and, not any more, `below`."""
    if role == "redis":
        # Another redis_version is a finding of its own.
        return {"oldest": str(REDIS[0]), "below": str(REDIS[0] + 1)}
    if role == "minio_backup" and name == "rclone":
        return {"oldest": place.text("__minio_backup_rclone_oldest")}
    return {}


def wanted(gatherer: Gatherer, host: Host) -> dict[str, list[Mapping[str, Any]]]:
    """System to packages. What cannot be evaluated for a system is left to the role."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for role in installing(gatherer, host):
        for system, known in SYSTEMS.items():
            place = gatherer.with_facts(host.name, role, known)
            for name in place.texts(PACKAGES[role]):
                found.setdefault(system, []).append({"role": role, "name": name, **bounds(role, name, place)})
    return found
