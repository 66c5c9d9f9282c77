# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the site's object store is, what its bucket and its current key are called, and which host mirrors it. PRIVATE to the collection.

The one place that knows these names: a test looks for a second one.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from . import _addresses

FIRST_KEY = "wandbfiles"  # of W&B's user before any rotation; then wandbfiles2, wandbfiles3 ...
ROOT_USER = "wandbroot"
PORT, BUCKET, REGION = 9000, "wandb-files", "us-east-1"
KEY_FILE, PREVIOUS_FILE, ROOT_FILE = "minio_access_key", "minio_access_key_previous", "minio_root_password"

Read = t.Callable[[str], t.Optional[str]]


def name_in(fqdn: str) -> str:
    """The object store's host name beside W&B's: s3 in the same domain. Empty when there is no domain."""
    domain = fqdn.partition(".")[2]
    return f"s3.{domain}" if domain else ""


def secret_file(key: str) -> str:
    """Name of the file with the secret of an access key."""
    return "minio_secret_key" + ("" if key == FIRST_KEY else f"_{key}")


def next_key(key: str) -> str:
    """The access key of the next rotation."""
    match = re.search(r"\d+\Z", key)
    return f"{key[: match.start()] if match else key}{int(match[0]) + 1 if match else 2}"


def of(hosts: Mapping[str, Mapping[str, t.Any]], name: str) -> Mapping[str, t.Any]:
    """Variables of a host, none of an unknown one. (Ansible's hostvars answer `get` with something that is undefined.)"""
    if name not in hosts:
        return {}
    return hosts[name]


def given(variables: Mapping[str, t.Any], name: str) -> str:
    """A variable of the inventory as text, empty when it is not set."""
    value = variables.get(name)
    return "" if value is None else str(value).strip()


def keys(first: Mapping[str, t.Any], directory: str, read: Read) -> dict[str, str]:
    """W&B's key, the one before it, and the next. The inventory's counts more than what a rotation has written into `directory`."""

    def text(name: str) -> str:
        content = read(f"{directory}/{name}") if directory else None
        return (content or "").split(" salt=")[0].strip()

    current, previous = text(KEY_FILE) or FIRST_KEY, text(PREVIOUS_FILE)
    key = given(first, "minio_access_key") or current
    return {
        "access_key": key,
        "secret_key": given(first, "minio_secret_key") or text(secret_file(key)),
        "secret_key_file": f"{directory}/{secret_file(key)}",
        "current_key": current,
        "key_file": f"{directory}/{KEY_FILE}",
        "previous_key": previous,
        "previous_key_file": f"{directory}/{PREVIOUS_FILE}",
        "previous_secret_key_file": f"{directory}/{secret_file(previous)}",
        "next_key": next_key(key),
        "next_secret_key_file": f"{directory}/{secret_file(next_key(key))}",
        "root_user": given(first, "minio_root_user") or ROOT_USER,
        "root_password": given(first, "minio_root_password") or text(ROOT_FILE),
        "root_password_file": f"{directory}/{ROOT_FILE}",
    }


def mirror(hosts: Mapping[str, Mapping[str, t.Any]], servers: t.Sequence[str], asking: str) -> tuple[str, str]:
    """The host that mirrors the bucket, empty for none, and a sentence about what is wrong with that choice."""
    first = servers[0] if servers else ""
    named: dict[str, str] = {}
    for host in dict.fromkeys([*servers, asking]):
        variables = of(hosts, host)
        target = variables.get("minio_backup_target")
        if isinstance(target, Mapping) and target.get("type"):
            named.setdefault(given(variables, "minio_backup_host") or first, host)
    show = "Next: ansible-inventory -i <inventory> --host %s"
    if not named:
        return "", ""
    name, teller = next(iter(named.items()))
    if len(named) > 1:
        all_named = ", ".join(sorted(named))
        return "", f"minio_backup_host is {all_named}, by the host that is asked; expected one host. Set it once, in group_vars/all. {show % teller}"
    if not name:
        return "", f"minio_backup_target is set and the group minio has no host; set minio_backup_host to the one that mirrors the bucket. {show % teller}"
    if name not in hosts:
        return "", f"minio_backup_host is {name}, which is no host of the inventory, so nothing would mirror the bucket. Correct the name. {show % teller}"
    target = hosts[name].get("minio_backup_target")
    if not isinstance(target, Mapping) or not target.get("type"):
        text = f"minio_backup_host is {name}, but minio_backup_target is not set for {name}, only for {teller}; set it in group_vars/all."
        return "", f"{text} {show % name}"
    return name, ""


def wiring(
    hosts: Mapping[str, Mapping[str, t.Any]], servers: t.Sequence[str], asking: str, directory: str, read: Read, wandb_fqdn: str = ""
) -> dict[str, t.Any]:
    """All of it.

    `hosts` are the variables of each host by the inventory, without any role's defaults; `servers` the group minio; `asking` the host whose variables
    count without such a group; `directory` the secrets on the controller, empty when no key is wanted; `wandb_fqdn` is what the asking play says when the
    inventory does not.
    """
    name = servers[0] if servers else asking
    first = of(hosts, name)
    fqdn = given(first, "minio_fqdn") or name_in(given(first, "wandb_fqdn") or wandb_fqdn)
    port = int(given(first, "minio_port") or PORT)
    host, problem = mirror(hosts, servers, asking)
    address = _addresses.reached(name, first, _addresses.OWN["minio"])
    return {
        "own": bool(servers),
        "first": name,
        "address": address,
        "fqdn": fqdn,
        "port": port,
        "endpoint": f"{fqdn}:{port}",
        "url": f"https://{fqdn}:{port}",
        "bucket": given(first, "minio_bucket") or BUCKET,
        "region": given(first, "minio_region") or REGION,
        **keys(first, directory.rstrip("/"), read),
        "mirror_host": host,
        "mirror_problem": problem,
    }
