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
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
options:
  role:
    description: Name of the role, without the collection's.
    type: str
    required: true
seealso:
  - module: onprem.wandb.preflight_report
"""

EXAMPLES = r"""
- name: Check the variables of W&B
  onprem.wandb.check_variables:
    role: wandb
"""

RETURN = r""" # """
