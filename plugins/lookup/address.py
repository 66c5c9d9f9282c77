# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: address
author:
  - onprem team (@onprem)
short_description: The address of a host
version_added: 1.0.0
description:
  - Where other hosts reach a host. The layer's own variable (C(mysql_address), C(redis_address), C(minio_address)) where O(layer) names one, else the
    site variable C(host_address), else C(ansible_host), else the inventory name.
  - Variables that only a role's defaults set are not seen of other hosts.
options:
  _terms:
    description: Names of hosts of the inventory. Without any, the host that asks.
    type: list
    elements: str
  layer:
    description: The layer whose servers are meant.
    type: str
    choices: ['', mysql, redis, minio]
    default: ''
  held:
    description:
      - For what binds to it, an address of one of the host's own interfaces. C(host_address), else C(ansible_host) when it is one of them by the facts,
        else the address of the default route. O(layer) does not count.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show where Redis is
  ansible.builtin.debug:
    msg: "{{ lookup('onprem.wandb.address', groups['redis'][0], layer='redis') }}"
"""

RETURN = r"""
_raw:
  description: One address or name for each host.
  type: list
  elements: str
  sample: [192.0.2.31]
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.onprem.wandb.plugins.plugin_utils import _addresses


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[t.Any], variables: t.Optional[dict[str, t.Any]] = None, **kwargs: t.Any) -> list[str]:
        """One address for each term."""
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        here = str(known.get("inventory_hostname") or "")
        return [self.one(str(name), here, known) for name in terms or [here]]

    def one(self, name: str, here: str, known: t.Mapping[str, t.Any]) -> str:
        """Of the host that asks the variables of its play count, too."""
        own = _addresses.OWN.get(self.get_option("layer"), "")
        if name == here:
            wanted = [key for key in (own, *_addresses.SITE, "ansible_facts") if key in known]
            found: t.Mapping[str, t.Any] = {key: self._templar.template(known[key]) for key in wanted}
        elif name in (known.get("hostvars") or {}):
            found = known["hostvars"][name]
        else:
            raise AnsibleLookupError(f"address: {name or '(nothing)'} is no host of the inventory. Next: ansible-inventory -i <inventory> --graph")
        if self.get_option("held"):
            # Ansible's hostvars answer `get` with something that is undefined.
            facts: t.Mapping[str, t.Any] = next((found[key] for key in ("ansible_facts",) if key in found), {})
            return _addresses.held(name, found, facts)
        return _addresses.reached(name, found, own)
