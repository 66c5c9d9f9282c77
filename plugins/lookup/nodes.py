# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the nodes that a call is about."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nodes
author:
  - onprem team (@onprem)
short_description: Names of the nodes that a call is about
version_added: 1.1.0
description:
  - Kubernetes' names of the hosts in the groups C(kube_control_plane) and C(kube_node), without those that C(--limit) leaves out, so that the others can
    be worked on while one is dead.
options: {}
"""

EXAMPLES = r"""
- name: Show them
  ansible.builtin.debug:
    msg: "{{ query('onprem.wandb.nodes') }}"
"""

RETURN = r"""
_raw:
  description: One name for each node.
  type: list
  elements: str
  sample: [cp1, node1]
"""

import typing as t

from ansible.plugins.lookup import LookupBase
from ansible_collections.onprem.wandb.plugins.plugin_utils import _call
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import KUBE_GROUPS


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        """One name for each node."""
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        groups = {name: list(hosts) for name, hosts in (known.get("groups") or {}).items()}
        left = set(_call.chosen(groups, str(known.get("ansible_limit") or "")))
        hosts = dict.fromkeys(name for group in KUBE_GROUPS for name in groups.get(group, []) if name in left)
        return [self.called(name, known) for name in hosts]

    def called(self, name: str, known: t.Mapping[str, t.Any]) -> str:
        """What the site calls the node, or the role."""
        own = known["hostvars"][name]
        return str(own["kubernetes_node_name"] if "kubernetes_node_name" in own else name.lower())
