# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a playbook was called: what --limit leaves of the site, and what --tags would leave out. PRIVATE to the collection."""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.parsing.dataloader import DataLoader

HERE = "localhost"
LAYERS = ("preflight", "hosts", "certificates", "mysql", "redis", "minio", "backups", "minio_backup", "kubernetes", "addons", "wandb", "verify")


def left(groups: t.Mapping[str, t.Iterable[str]], limit: str) -> set[str] | None:
    """Hosts that a limit leaves, with this machine when it is one of them; None when nobody knows, for the file that it names cannot be read."""
    inventory = InventoryManager(loader=DataLoader(), parse=False)
    for group, members in groups.items():
        inventory.add_group(group)
        for name in members:
            inventory.add_host(name, group=group)
    try:
        inventory.subset(limit)
    except (AnsibleError, OSError, ValueError):
        return None
    # localhost that no inventory names is not among all, and a limit leaves it only where it is named.
    return {str(host) for pattern in ("all", HERE) for host in inventory.get_hosts(pattern=pattern)}


def chosen(groups: t.Mapping[str, t.Iterable[str]], limit: str) -> list[str]:
    """Hosts of the inventory that a limit leaves; all of them without one, and where it names a file that cannot be read."""
    names = list(dict.fromkeys(name for members in groups.values() for name in members))
    found = left(groups, limit) if limit else None
    return names if found is None else [name for name in names if name in found]


def with_this_machine(groups: t.Mapping[str, t.Iterable[str]], limit: str) -> str:
    """The same limit with this machine. Beside a comma a colon is part of a name, exclusions alone mean all the others, and an intersection takes it out."""
    parts = [part for part in split_host_pattern(limit) if part not in (HERE, f"!{HERE}")]
    if any(part.startswith("&") for part in parts):
        parts = [name for name in chosen(groups, limit) if name != HERE]
    elif all(part.startswith("!") for part in parts):
        parts = ["all", *parts]
    return shlex.quote(",".join([HERE, *parts]))


def problem(run_tags: t.Sequence[str], skip_tags: t.Sequence[str], limit: str, groups: t.Mapping[str, t.Iterable[str]], playbook: str) -> str:
    """Why a call would leave something out without a word; empty when it would not."""
    tags = [tag for tag in run_tags if tag != "all"]
    # Other words are other tools': molecule skips its own tags in every run.
    skipped = [tag for tag in skip_tags if tag in LAYERS]
    if skipped:
        return (
            f"--skip-tags {','.join(skipped)} is asked for, and no task has such a tag: it would run like all others. Each layer is a playbook of its own. "
            f"Next: ansible-playbook onprem.wandb.{next(layer for layer in LAYERS if layer not in skipped)} -i <inventory>, and so on with the others"
        )
    if tags:
        words = ", ".join(tags)
        layer = next((tag for tag in tags if tag in LAYERS), playbook)
        return (
            f"The tags {words} are asked for, and no task has any: nothing would run, and the run would look well. Each layer is a playbook of its own. "
            f"Next: ansible-playbook onprem.wandb.{layer} -i <inventory>"
        )
    hosts = left(groups, limit) if limit else None
    if limit and (HERE not in hosts if hosts is not None else HERE not in re.split("[,:]", limit)):
        return (
            f"--limit {limit} leaves this machine out, from which certificates, the cluster's parts and W&B are installed: they would be skipped without a "
            f"word. Next: ansible-playbook onprem.wandb.{playbook} -i <inventory> --limit {with_this_machine(groups, limit)}"
        )
    return ""
