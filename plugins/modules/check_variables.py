#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of an action plugin: everything happens on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: check_variables
short_description: Refuse wrong variables of a role before it changes anything
version_added: 1.1.0
description:
  - Judges the variables of one role on one host by the rules that the role has; M(onprem.wandb.preflight_report) runs those of all roles.
  - Fails with one sentence for each problem - host, variable, value, what was expected, what to do next. Values of secrets are never shown.
  - Outside of check mode also files are asked for that earlier layers put onto the controller.
  - With O(roles) it holds the variables of every host of the play against the argument specs of these roles, once for all hosts and with the words of
    preflight. A playbook does that in the place of Ansible's own validation, which takes a task for each role and host; a whole run has had it from preflight.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
options:
  role:
    description: Name of the role, without the collection's. Judges its rules on this host. Either this or O(roles).
    type: str
  roles:
    description: Names of roles, without the collection's. Holds variables against their argument specs. Use it with C(run_once).
    type: list
    elements: str
seealso:
  - module: onprem.wandb.preflight_report
"""

EXAMPLES = r"""
- name: Check the variables of W&B
  onprem.wandb.check_variables:
    role: wandb

- name: Check the variables of a playbook's roles on all of its hosts
  onprem.wandb.check_variables:
    roles: [containerd, kubernetes]
  run_once: true
"""

RETURN = r""" # """
