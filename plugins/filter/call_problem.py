# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a call of a playbook would leave something out without a word."""

from __future__ import annotations

DOCUMENTATION = r"""
name: call_problem
author:
  - onprem team (@onprem)
short_description: Why a call of a playbook would leave something out without a word
version_added: 1.1.0
description:
  - Nothing of the collection has tags, and a limit that does not name C(localhost) leaves out all that is done from the controller. Ansible calls both
    a success.
positional: skip_tags, limit, groups, playbook
options:
  _input:
    description: The variable C(ansible_run_tags).
    type: list
    elements: str
    required: true
  skip_tags:
    description: The variable C(ansible_skip_tags).
    type: list
    elements: str
    required: true
  limit:
    description: The variable C(ansible_limit), empty without one.
    type: str
    required: true
  groups:
    description: The variable C(groups).
    type: dict
    required: true
  playbook:
    description: Name of the playbook, for the next step.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse a call that leaves out a part without a word
  vars:
    problem: "{{ ansible_run_tags | onprem.wandb.call_problem(ansible_skip_tags, ansible_limit | default(''), groups, 'site') }}"
  ansible.builtin.assert:
    that: problem | length == 0
    fail_msg: "{{ problem }}"
  tags: [always]
"""

RETURN = r"""
_value:
  description: The refusal in sentences, with the command to type instead; empty when nothing is left out.
  type: str
  sample: "--limit all:!node2 leaves this machine out. Next: ansible-playbook onprem.wandb.site -i <inventory> --limit 'localhost,all,!node2'"
"""

import typing as t

from ansible_collections.onprem.wandb.plugins.plugin_utils import _call


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"call_problem": _call.problem}
