# Copyright: onprem.wandb contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A template as ansible.builtin.template renders it, without a copy of all variables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rendered
author:
  - onprem team (@onprem)
short_description: A template as ansible.builtin.template renders it, without a copy of all variables
version_added: 1.1.0
description:
  - Returns what P(ansible.builtin.template#lookup) returns. That lookup copies all variables of the host, with facts and everything registered, each time
    it is called; this one lays what it adds over them. With ten files to a role that is most of the time of a task.
options:
  _terms:
    description: Names of templates, below C(templates) of the role.
    type: list
    elements: str
    required: true
  template_vars:
    description: Further variables of the template.
    type: dict
    default: {}
seealso:
  - plugin: ansible.builtin.template
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Write the configuration
  onprem.wandb.files:
    files:
      - path: /etc/redis/redis.conf
        content: "{{ lookup('onprem.wandb.rendered', 'redis.conf.j2') }}"
        mode: "0640"
"""

RETURN = r"""
_raw:
  description: The texts.
  type: list
  elements: str
"""

import typing as t

from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase


class Overlaid(dict[str, t.Any]):
    """Variables whose deep copy is a shallow one: what the lookup adds is laid over them, and no template changes what is in them."""

    def __deepcopy__(self, memo: dict[int, t.Any]) -> dict[str, t.Any]:
        return dict(self)


class LookupModule(LookupBase):
    """Calls the lookup of ansible-core."""

    def run(self, terms: t.Any, variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        lookup = lookup_loader.get("ansible.legacy.template", loader=self._loader, templar=self._templar)
        return list(lookup.run(terms, variables=Overlaid(variables or {}), **kwargs))
