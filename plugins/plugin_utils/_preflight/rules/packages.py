# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Packages: whether the host's own repositories have what the roles will install."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..interface import PACKAGES
from ..model import Finding, Site

# Besides a repository that has it.
INSTEAD = {
    "redis": "; or a Redis 7 that you have installed, redis_install_method: none; or one elsewhere, wandb_redis_host: <its name> and no host in group redis",
    "mysql_backup": "; on EL dnf install epel-release; or no backups, mysql_backup_accept_none: true",
    "minio_backup": "; on EL dnf install epel-release; or another package that has it, minio_backup_packages: [<name>]",
}


def seen(package: Mapping[str, Any]) -> str:
    """What is there in its place."""
    if package["installed"]:
        return "%(name)s %(seen)s is installed" % package
    return "its repositories have %(name)s %(seen)s" % package if package["seen"] else "its repositories have no %(name)s" % package


def expected(package: Mapping[str, Any]) -> str:
    """Name and range."""
    oldest, below = package.get("oldest"), package.get("below")
    return package["name"] + (" %s or newer" % oldest if oldest else "") + (", older than %s" % below if below else "")


def available(site: Site) -> Iterator[Finding]:
    """One finding for each role, so that a remedy stands once."""
    for host in site.measured():
        found = host.measured["packages"]
        for role, variable in PACKAGES.items():
            missing = [package for package in found["lacking"] if package["role"] == role]
            if not missing:
                continue
            silent = "; did not answer: %s" % "; ".join(found["silent"]) if found["silent"] else ""
            names = " ".join(package["name"] for package in missing)
            remedy = "apt-get update && apt-cache policy %s on the host, with a repository that has it%s"
            if "debian" not in family(host.measured["os"]):
                remedy = "dnf repoquery %s on the host, with a repository that has it%s"
            name = variable if not variable.startswith("__") else "packages of role %s" % role
            value = ", ".join(seen(package) for package in missing) + silent
            yield Finding(host.name, name, value, ", ".join(expected(package) for package in missing), remedy % (names, INSTEAD.get(role, "")))


def family(release: Mapping[str, Any]) -> list[str]:
    """The distribution and those that it comes from."""
    return [release["id"], *release["id_like"]]


RULES = (available,)
