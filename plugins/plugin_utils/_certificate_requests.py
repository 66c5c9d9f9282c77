# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates a site needs, from its inventory. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ._addresses import OWN, SITE

# For a MySQL server also this: W&B reaches it by the endpoint's address, whichever host holds it.
MYSQL_ENDPOINT = "mysql_endpoint_address"
VARIABLES = (*SITE, *OWN.values(), MYSQL_ENDPOINT)


def names_of(host: str, variables: t.Mapping[str, t.Any], domain: str, layer: str) -> list[str]:
    """Everything a host may be called: inventory name, that name in the site's domain, its addresses, that of the layer's servers."""
    names = [host]
    if "." not in host and ":" not in host and domain:
        names.append(f"{host}.{domain}")
    names += [str(variables[name]) for name in (*SITE, OWN[layer]) if variables.get(name)]
    return list(dict.fromkeys(names))


def requests(
    groups: t.Mapping[str, t.Sequence[str]],
    hostvars: t.Mapping[str, t.Mapping[str, t.Any]],
    wandb_fqdn: str,
    minio_fqdn: str,
    domain: str,
    extra_hosts: t.Mapping[str, t.Sequence[str]],
    wandb_additional_hosts: t.Sequence[str] = (),
) -> list[dict[str, t.Any]]:
    """One request per certificate. A group without hosts is an external service and needs none.

    required_hosts are the names that clients outside use; a certificate of the operator needs only those.
    """

    def every(group: str) -> list[str]:
        return [name for host in groups.get(group, ()) for name in names_of(host, hostvars[host], domain, group)]

    wandb = list(dict.fromkeys([wandb_fqdn, *wandb_additional_hosts]))
    found: list[dict[str, t.Any]] = [{"name": "ingress", "hosts": wandb, "required_hosts": wandb, "client": False}]
    if groups.get("minio"):
        found.append({"name": "minio", "hosts": [minio_fqdn, *every("minio")], "required_hosts": [minio_fqdn], "client": False})
    if groups.get("redis"):
        found.append({"name": "redis", "hosts": every("redis"), "required_hosts": [], "client": False})
    for host in groups.get("mysql", ()):
        endpoint = str(hostvars[host].get(MYSQL_ENDPOINT) or "")
        names = [name for name in (*names_of(host, hostvars[host], domain, "mysql"), endpoint) if name]
        found.append({"name": f"mysql-{host}", "hosts": names, "required_hosts": [endpoint] if endpoint else [], "client": True})
    for request in found:
        request["hosts"] = list(dict.fromkeys([*request["hosts"], *extra_hosts.get(request["name"], ())]))
    unknown = sorted(set(extra_hosts) - {request["name"] for request in found})
    if unknown:
        known = ", ".join(request["name"] for request in found)
        raise ValueError(f"certificates_extra_hosts names {', '.join(unknown)}, which this site does not need. Known names: {known}.")
    return found
