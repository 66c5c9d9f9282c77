#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel modules, sysctl and swap in one round trip."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_settings
short_description: Kernel modules, sysctl and swap in one round trip
version_added: 1.0.0
description:
  - Brings the running kernel into the declared state and writes it down for the next boot.
  - The running values are compared, not the files alone. A value that somebody changed by hand is set again.
author:
  - onprem team (@onprem)
attributes:
  check_mode:
    support: full
    description: Tells what would change.
  diff_mode:
    support: full
    description: Shows running values before and after.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  name:
    description: Base name of the files in C(/etc/modules-load.d) and C(/etc/sysctl.d).
    type: str
    default: onprem-wandb
  modules:
    description:
      - Modules whose function must be there. One that is built into the kernel, or was loaded by the machine a container runs on, is there.
      - They are written down for the next boot unless the system has no directory of modules for its kernel.
    type: list
    elements: str
    default: []
  sysctl:
    description:
      - Values by key. A key with an empty value (null) is left alone.
      - They are written to C(/etc/sysctl.d/90-NAME.conf). A file that is read after it at boot and says otherwise is named in a warning and in RV(undone).
    type: dict
    default: {}
  swap:
    description:
      - With V(false) swap is switched off, now and for the next boot (C(/etc/fstab), swap units, zram).
      - With V(true) swap is left as it is.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Prepare the kernel for containers
  onprem.wandb.kernel_settings:
    modules: [overlay, br_netfilter]
    sysctl:
      net.ipv4.ip_forward: 1
    swap: false
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: ["sysctl net.ipv4.ip_forward 0 -> 1"]
undone:
  description: Settings that the next boot takes back, because a file that is read later sets them otherwise.
  returned: always
  type: list
  elements: dict
  sample: [{key: net.ipv4.ip_forward, wanted: "1", value: "0", file: /etc/sysctl.d/99-cis.conf}]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply.kernel import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    module.exit_json(**run(module))


if __name__ == "__main__":
    main()
