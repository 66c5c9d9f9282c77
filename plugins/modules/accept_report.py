#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of an action plugin: everything happens on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: accept_report
short_description: What W&B's SDK met on each machine, as rows like those of verify
version_added: 1.1.0
description:
  - Turns results of M(onprem.wandb.wandb_client_check) that M(onprem.wandb.verify_measure) has taken under the name C(client) into a report and prints it.
  - Fails when a row fails, except in check mode.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
  - onprem.wandb.report
attributes:
  check_mode:
    description: Prints the same, and does not fail.
options:
  register:
    description: Name of the variable in which the result of M(onprem.wandb.verify_measure) was registered on every machine.
    type: str
    required: true
  machines:
    description: Names of the machines in the inventory; C(localhost) is the controller.
    type: list
    elements: str
    required: true
  json_file:
    description: File on the controller to write the rows to.
    type: path
    default: ""
  junit_file:
    description: File on the controller to write the rows to, as JUnit XML.
    type: path
    default: ""
seealso:
  - module: onprem.wandb.verify_report
  - module: onprem.wandb.wandb_client_check
"""

EXAMPLES = r"""
- name: Report
  onprem.wandb.accept_report:
    register: asked
    machines: [localhost, trainer1]
    json_file: accept.json
"""

RETURN = r"""
msg:
  description: How many rows passed, failed, or are not applicable.
  returned: always
  type: str
  sample: 10 pass, 0 fail, 0 not applicable
"""
