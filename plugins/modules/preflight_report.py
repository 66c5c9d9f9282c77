#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of an action plugin: everything happens on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight_report
short_description: Refuse a wrong inventory or host before anything changes
version_added: 1.0.0
description:
  - Judges variables, groups and measurements of all hosts by every rule of the collection and prints one report of all problems - host, variable,
    value, expected, remedy.
  - Fails when there is a problem. Warnings are printed and do not fail.
  - Values of secrets are never printed. A secret that is neither supplied nor there yet is named as one that will be generated; it is not generated.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
  - onprem.wandb.report
options:
  register:
    description: Name of the variable in which the result of M(onprem.wandb.preflight_facts) was registered on every host.
    type: str
    required: true
  variables:
    description: Names of variables that the rules read on each host by themselves; one that cannot be evaluated is a finding rather than a failed task.
    type: list
    elements: str
    default: []
  json_file:
    description: File on the controller to write the findings to.
    type: path
    default: ""
seealso:
  - module: onprem.wandb.preflight_facts
"""

EXAMPLES = r"""
- name: Measure the host
  onprem.wandb.preflight_facts:
  register: measured

- name: Report every problem at once
  onprem.wandb.preflight_report:
    register: measured
"""

RETURN = r"""
problem_count:
  description: Number of problems.
  returned: always
  type: int
  sample: 0
warning_count:
  description: Number of warnings.
  returned: always
  type: int
  sample: 1
"""
