# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a playbook was called: what --limit leaves of the site, and what --tags would leave out. PRIVATE to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

HERE = "localhost"
LAYERS = ("preflight", "hosts", "certificates", "mysql", "redis", "minio", "backups", "minio_backup", "kubernetes", "addons", "wandb", "verify")


def chosen(groups: t.Mapping[str, t.Iterable[str]], limit: str) -> list[str]:
    """Hosts of the inventory that a limit leaves; all of them without one, and where it names a file."""
    names = list(dict.fromkeys(name for members in groups.values() for name in members))
    if not limit or "@" in limit:
        return names
    inventory = InventoryManager(loader=DataLoader(), parse=False)
    for group, members in groups.items():
        inventory.add_group(group)
        for name in members:
            inventory.add_host(name, group=group)
    left = {str(host) for host in inventory.get_hosts(pattern=limit)}
    return [name for name in names if name in left]


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
    named = HERE in re.split("[,:]", limit) or HERE in chosen(groups, limit)
    if limit and not named:
        return (
            f"--limit {limit} leaves this machine out, from which certificates, the cluster's parts and W&B are installed: they would be skipped without a "
            f"word. Next: ansible-playbook onprem.wandb.{playbook} -i <inventory> --limit '{HERE},{limit}'"
        )
    return ""
