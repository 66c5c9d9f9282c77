# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what each task on each host would load again.

Ansible imports an action plugin in its main process, then forks a process for each task and host. What that one loads goes with it, and a collection's
Python is compiled each time. The action plugins that a play of ours starts with call this when they are imported, and so load for every task that comes after.
"""

from __future__ import annotations

import functools
import gc

from ansible.plugins.loader import action_loader, become_loader, connection_loader, filter_loader, lookup_loader, shell_loader, test_loader

LOOKUPS = (
    *("address", "catalogue", "catalogue_image", "certificate_requests", "inventory_dir", "nodes", "object_store"),
    *("openings", "pem", "programs", "rendered", "secret", "secrets_dir", "word"),
)


@functools.cache
def load() -> None:
    """Classes only, nothing is run. One that is not there is missed by who needs it."""
    for name in LOOKUPS:
        lookup_loader.get(f"onprem.wandb.{name}", class_only=True)
    for name in ("env", "file", "template"):
        lookup_loader.get(f"ansible.builtin.{name}", class_only=True)
    filter_loader.get("ansible.builtin.default")  # all builtin ones come with it
    test_loader.get("ansible.builtin.defined")
    action_loader.get("ansible.legacy.normal", class_only=True)
    connection_loader.get("ansible.builtin.ssh", class_only=True)
    connection_loader.get("ansible.builtin.local", class_only=True)
    become_loader.get("ansible.builtin.sudo", class_only=True)
    shell_loader.get("ansible.builtin.sh", class_only=True)
    gc.freeze()  # else a forked process, by looking for garbage, copies all of the main process' memory page by page
