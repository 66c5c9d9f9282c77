#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several measuring modules of the collection in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: measurements
short_description: Several measuring modules of the collection in one call
version_added: 1.1.0
description:
  - Runs modules that only read at the same time, each in a process of its own, and returns their results by name. Half of the time of a task is spent
    before a module does anything; here that is spent once.
  - A module that fails is a result, too.
  - M(onprem.wandb.verify_measure) is the way to call it; that one knows what to ask for, and says of a host that cannot be reached that it cannot.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
options:
  checks:
    description: Modules by the name of their result, each with C(module) and C(args).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Measure a host
  onprem.wandb.measurements:
    checks:
      redis:
        module: onprem.wandb.redis_check
        args: {host: 10.0.0.31, password: "{{ redis_password }}", report_only: true}
      mirror:
        module: onprem.wandb.minio_backup_info
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

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.several import run


class Discreet(AnsibleModule):
    """Logs that it was called for what, and not the call: passwords are among its arguments."""

    def _log_invocation(self) -> None:
        self.log("Invoked for " + " ".join(self.params["checks"]))


def main() -> t.NoReturn:
    """Entry point."""
    module = Discreet(argument_spec={"checks": {"type": "dict", "required": True}}, supports_check_mode=True)
    module.exit_json(changed=False, measurements=run(module, module.params["checks"]), invocation={})


if __name__ == "__main__":
    main()
