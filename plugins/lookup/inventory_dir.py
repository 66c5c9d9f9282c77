# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of the inventory, for plays on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
name: inventory_dir
author:
  - onprem team (@onprem)
short_description: Directory of the inventory
version_added: 1.0.0
description:
  - Returns the directory of the first source given with C(-i) that is a directory or a file, and an empty text when none is. Sources
    that name hosts of the collection's groups come before those that do not.
  - Ansible's own C(inventory_dir) is that of a host; the implicit localhost, on which the controller's plays run, is in no inventory and has none.
notes:
  - Use C(lookup), not C(query). It reads nothing but names.
"""

EXAMPLES = r"""
- name: Read a file beside the inventory
  hosts: localhost
  vars:
    inventory_dir: "{{ lookup('onprem.wandb.inventory_dir') }}"
  tasks:
    - name: Show it
      ansible.builtin.debug:
        msg: "{{ lookup('ansible.builtin.file', inventory_dir ~ '/README') }}"
"""

RETURN = r"""
_raw:
  description: One value, an absolute path.
  type: list
  elements: path
  sample:
    - /srv/inventories/mysite
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.onprem.wandb.plugins.plugin_utils._secrets import place


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        """Return the directory as one value."""
        self.set_options(var_options=variables, direct=kwargs)
        if terms:
            raise AnsibleLookupError("inventory_dir takes no terms.")
        return [place.base_of(place.named_by(variables or {}), "")]
