#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of an action plugin: everything happens on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_measure
short_description: Run several measuring modules side by side and never fail
version_added: 1.0.0
description:
  - Runs modules at the same time, each in a process of its own, and returns their results by name.
  - A module that fails and a host that cannot be reached are results, too, so that a report can name them. Meant for modules that only read.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
attributes:
  check_mode:
    description: The modules run in check mode, too.
  idempotent:
    description: Never changes anything, as long as the modules do not.
  action:
    description: Runs on the controller and starts the modules on the host.
    support: full
options:
  checks:
    description: Modules by the name of their result, each with C(module) and C(args).
    type: dict
    default: {}
  where:
    description: Also measures what the report's own topics ask for, on the controller or on a host; empty for nothing more.
    type: str
    choices: ["", controller, host]
    default: ""
  settings:
    description: What these topics need to know of the site.
    type: dict
    default: {}
  here:
    description: With O(where=host), what was measured on the controller before.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Measure the host
  onprem.wandb.verify_measure:
    checks:
      host:
        module: onprem.wandb.preflight_facts
      redis:
        module: onprem.wandb.redis_check
        args: {host: 10.0.0.31, password: "{{ redis_password }}", report_only: true}
  register: measured
  no_log: true
"""

RETURN = r"""
measurements:
  description: Results of the modules by name.
  returned: always
  type: dict
  sample: {redis: {changed: false, probes: [], findings: []}}
"""
