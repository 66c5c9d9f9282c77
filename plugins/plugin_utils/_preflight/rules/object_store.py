# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The object store: its name, origins that cannot work, one value for all servers, and a host that can mirror the bucket."""

from __future__ import annotations

from collections.abc import Iterator

from ....module_utils._host import drives as host_drives
from ....module_utils._object_store import names
from ... import _store_wiring
from ..model import SITE, Finding, Site
from . import variables

# What all who use the bucket read from the first host of the group.
ONE_VALUE = ("minio_fqdn", "minio_port", "minio_bucket", "minio_region", "minio_access_key", "minio_secret_key", "minio_root_user", "minio_root_password")
CHECK = "correct it, then: ansible-playbook onprem.wandb.preflight -i <inventory>"
UNNAMED = "https://"  # follows from an empty wandb_fqdn, which has a finding of its own


def own_name(site: Site) -> Iterator[Finding]:
    """Presigned URLs and W&B's page cannot share one host name: the ingress answers it, not the object store."""
    host = site.view("minio")
    name, wandb = host.text("minio_fqdn").lower(), site.controller.text("wandb_fqdn").lower()
    if site.has("minio") and name and name == wandb:
        yield Finding(host.name, "minio_fqdn", name, "another name than wandb_fqdn, such as %s" % _store_wiring.name_in(wandb), CHECK)


def origins(site: Site) -> Iterator[Finding]:
    """What browsers call W&B's page."""
    for host in site.members("minio"):
        for origin in host.texts("minio_cors_origins"):
            if origin == UNNAMED:
                continue
            problem = names.origin_problem(origin)
            if problem:
                yield Finding(host.name, "minio_cors_origins", origin, problem, CHECK)


def one_value(site: Site) -> Iterator[Finding]:
    """Two servers of one store that disagree about it."""
    yield from variables.one_value(site, "minio", ONE_VALUE)


def mirror(site: Site) -> Iterator[Finding]:
    """A second place that no host would fill."""
    hosts = {name: {key: host.variables.get(key) for key in ("minio_backup_target", "minio_backup_host")} for name, host in site.hosts.items()}
    for host in site.hosts.values():
        if not host.variables.is_supplied("minio_backup_host"):
            hosts[host.name]["minio_backup_host"] = None  # the role's default is what is asked here
    name, problem = _store_wiring.mirror(hosts, site.groups.get("minio", []), "")
    if problem and not name and not site.limited:
        yield Finding(SITE, "minio_backup_host", problem.partition(" Next: ")[0], "one host of the inventory, which has minio_backup_target", CHECK)


def drives(site: Site) -> Iterator[Finding]:
    """Data on the root file system, on another type than the server wants, or twice on one drive. The role asks the same of itself."""
    for host in site.members("minio"):
        anything = host.flag("minio_allow_root_disk")
        for fault in host_drives.faults(host.measured.get("drives", []), anything, [] if anything else host.texts("minio_file_systems")):
            remedy = "%s; or another place, minio_volumes: [<directory>]" % fault.remedy
            yield Finding(host.name, "minio_volumes", fault.seen, fault.expected, remedy)


RULES = (own_name, origins, one_value, mirror, drives)
