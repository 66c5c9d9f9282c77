#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of an action plugin: everything happens on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_report
short_description: One row per requirement of W&B's Reference Architecture
version_added: 1.0.0
description:
  - Turns the measurements of M(onprem.wandb.verify_measure) into a report - id, requirement, expected, measured, result of each row - and prints it.
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
    description: Name of the variable in which the result of M(onprem.wandb.verify_measure) was registered on every host.
    type: str
    required: true
  controller:
    description: Result of M(onprem.wandb.verify_measure) on the controller.
    type: dict
    default: {}
  settings:
    description: What the site wants to be, as far as rows need it.
    type: dict
    default: {}
  json_file:
    description: File on the controller to write the rows to.
    type: path
    default: ""
  junit_file:
    description: File on the controller to write the rows to, as JUnit XML.
    type: path
    default: ""
seealso:
  - module: onprem.wandb.verify_measure
"""

EXAMPLES = r"""
- name: Report
  onprem.wandb.verify_report:
    register: measured
    controller: "{{ measured_here }}"
    junit_file: verify.xml
"""

RETURN = r"""
msg:
  description: How many rows passed, failed, or are not applicable.
  returned: always
  type: str
  sample: 30 pass, 0 fail, 14 not applicable
"""
