# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the site's secrets are."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secrets_dir
author:
  - onprem team (@onprem)
short_description: Directory on the controller that holds the site's secrets
version_added: 1.0.0
description:
  - Returns the variable C(site_secrets_dir), or without it the directory C(.secrets) beside the inventory, which is that of the first source given
    with C(-i) that names hosts of the collection's groups. One answer for every host and play of a run.
  - Fails when Ansible would read the files of that directory as inventory, and when the secrets of an older version of the collection are
    still in C(<inventory>/secrets).
options:
  hosts:
    description: Also fail when a host of the inventory has the content of a secret as its name.
    type: bool
    default: false
notes:
  - Use C(lookup), not C(query). It writes nothing.
"""

EXAMPLES = r"""
- name: Show where the secrets are
  ansible.builtin.debug:
    msg: "{{ lookup('onprem.wandb.secrets_dir') }}"
"""

RETURN = r"""
_raw:
  description: One value, an absolute path.
  type: list
  elements: path
  sample:
    - /srv/inventories/mysite/.secrets
"""

import os
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.onprem.wandb.plugins.plugin_utils._secrets import place


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        """Return the directory as one value."""
        if terms:
            raise AnsibleLookupError("secrets_dir takes options only, no terms.")
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        # The variables of a lookup are not templated yet.
        setting = self._templar.template(known["site_secrets_dir"]) if "site_secrets_dir" in known else ""
        sources = place.named_by(known)
        inventory_dir = str(known.get("inventory_dir") or "")
        inventory_dir = inventory_dir if os.path.isabs(inventory_dir) else ""  # a host of a list on the command line is in no directory
        try:
            found = place.directory(str(setting or ""), sources, inventory_dir)
        except place.Misplaced as problem:
            raise AnsibleLookupError(str(problem)) from problem
        if self.get_option("hosts"):
            files = place.hosts_that_are_secrets((known.get("groups") or {}).get("all") or (), [found, os.path.join(os.path.dirname(found), place.OLD_NAME)])
            if files:
                raise AnsibleLookupError(
                    f"A host of the inventory has the content of {', '.join(files)} as its name: Ansible read the file as inventory, and would print the "
                    f"secret and ask DNS for it. Nothing was changed. Next: ansible-inventory --graph -i <inventory>, and take out of -i what names it."
                )
        return [found]
