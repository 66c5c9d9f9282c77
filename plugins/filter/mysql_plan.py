# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a procedure on a MySQL pair would do."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mysql_plan
author:
  - onprem team (@onprem)
short_description: What a procedure on a MySQL pair would do
version_added: 1.0.0
description:
  - The steps of a switchover, failover, rejoin, degrade or undegrade, or the reason why it must not be done now.
positional: procedure, options
options:
  _input:
    description: The members, each with C(name), C(address) (host:port) and C(look), the registered result of M(onprem.wandb.mysql_replica_info).
    type: list
    elements: dict
    required: true
  procedure:
    description: Which one.
    type: str
    choices: [switchover, failover, rejoin, degrade, undegrade]
    required: true
  options:
    description: What the person asked for, and the settings of the pair.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ members | onprem.wandb.mysql_plan('switchover', {'declared': 'db1', 'max_lag': 10}) }}"
"""

RETURN = r"""
_value:
  description: Who gives the role up, who takes it, the steps, notes for people, and the problem that forbids it.
  type: dict
  sample: {old: db1, new: db2, steps: [presync, fence, promote, attach], notes: [], problem: ""}
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import pair
from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import procedures


def mysql_plan(found: t.Sequence[t.Mapping[str, t.Any]], procedure: str, options: t.Optional[t.Mapping[str, t.Any]] = None) -> dict[str, t.Any]:
    """The plan as a dictionary."""
    if procedure not in procedures.PROCEDURES:
        raise AnsibleFilterError(f"mysql_plan: the procedure is {procedure}; expected one of {', '.join(procedures.PROCEDURES)}.")
    return procedures.plan(pair.members(found), procedure, options or {})


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"mysql_plan": mysql_plan}
