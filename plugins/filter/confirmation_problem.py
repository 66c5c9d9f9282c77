# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a destructive call is not confirmed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: confirmation_problem
author:
  - onprem team (@onprem)
short_description: Why a destructive call is not confirmed
version_added: 1.0.0
description:
  - Compares what a person gave with the site's name. The same name confirms; an empty or missing C(site_name) confirms nothing, whatever was given.
  - Every destructive play and role of the collection asks this filter, so that none compares by itself.
positional: site_name, what, command, variable
options:
  _input:
    description: What was given, for example the extra variable C(op_confirm).
    type: str
    required: true
  site_name:
    description: Name of the site.
    type: str
    required: true
  what:
    description: A sentence about what would be done.
    type: str
    required: true
  command:
    description: The call without the confirmation, for the next step.
    type: str
    required: true
  variable:
    description: The extra variable that takes the name.
    type: str
    default: confirm
"""

EXAMPLES = r"""
- name: Refuse without the site's name
  vars:
    problem: "{{ op_confirm | onprem.wandb.confirmation_problem(site_name | default(''), 'It deletes all.', command) }}"
  ansible.builtin.assert:
    that: problem | length == 0
    fail_msg: "{{ problem }}"
"""

RETURN = r"""
_value:
  description: The refusal in sentences, with the command that confirms; empty when it is confirmed.
  type: str
  sample: "This deletes all. Nothing was changed. Seen: op_confirm=(not given); expected: the site's name, lab.
    Next: ansible-playbook onprem.wandb.reset -i <inventory> -e op_confirm=lab"
"""

import typing as t

from ansible_collections.onprem.wandb.plugins.plugin_utils import _confirmation


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"confirmation_problem": _confirmation.problem}
