# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a host. PRIVATE to the collection, and the one place that knows where it comes from: a test looks for a second one."""

from __future__ import annotations

import ipaddress
import typing as t
from collections.abc import Mapping

# Site variables that hold an address other hosts may use, the first one that is set counts. Facts are not among them: whether they are known differs
# from run to run.
SITE = ("host_address", "ansible_host")
# What a layer may have beside them, by the group: its servers listen there.
OWN = {"mysql": "mysql_address", "redis": "redis_address", "minio": "minio_address"}


def given(variables: Mapping[str, t.Any], names: t.Iterable[str]) -> list[str]:
    """The variables of these names that are set, as text."""
    # Ansible's hostvars answer `get` with something that is undefined.
    found = (str(variables[name] if name in variables and variables[name] is not None else "").strip() for name in names)
    return [text for text in found if text]


def reached(name: str, variables: Mapping[str, t.Any], own: str = "") -> str:
    """Where others reach a host: the layer's own variable, else host_address, else ansible_host, else its inventory name."""
    return next(iter([*given(variables, [own] if own else []), *given(variables, SITE), name]))


def held(name: str, variables: Mapping[str, t.Any], facts: Mapping[str, t.Any]) -> str:
    """An address of one of the host's own interfaces, for what binds to it.

    host_address as it is; ansible_host when the host really has it, or as long as nobody knows what it has; else the address of the default route.
    Behind a translation, or when the inventory has a name, ansible_host is none of them.
    """
    told = given(variables, SITE[:1])
    if told:
        return told[0]
    connection = given(variables, SITE[1:])
    own = [str(one) for kind in ("all_ipv4_addresses", "all_ipv6_addresses") for one in facts.get(kind) or ()]
    route = [str((facts.get(kind) or {}).get("address") or "") for kind in ("default_ipv4", "default_ipv6")]
    good = [one for one in connection if one in own or (not own and numeric(one))]
    return next((one for one in [*good, *route] if one), name)


def numeric(text: str) -> bool:
    """Whether it is an address and no name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def loopback(text: str) -> bool:
    """Whether it is an address or name that means the machine itself on every machine."""
    bare = text.strip().lower().strip("[]").rstrip(".")
    if bare == "localhost" or bare.startswith("localhost.") or bare.endswith(".localhost"):
        return True
    return numeric(bare) and ipaddress.ip_address(bare).is_loopback
