#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are these directories on drives that data may live on."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drives_check
short_description: Are these directories on drives that data may live on
version_added: 1.0.0
description:
  - Finds the file system each path lies on, or would when it existed, and refuses the root file system, file systems of another type, and two paths on one.
  - Changes nothing.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
options:
  paths:
    description: Directories of the data. They need not exist.
    type: list
    elements: path
    required: true
  allow_root_disk:
    description: Accept the root file system, and several paths on one file system. For tests.
    type: bool
    default: false
  file_systems:
    description: Accepted types. An empty list accepts all.
    type: list
    elements: str
    default: [xfs]
"""

EXAMPLES = r"""
- name: Look at the drives
  onprem.wandb.drives_check:
    paths: [/mnt/disk1/minio, /mnt/disk2/minio]
"""

RETURN = r"""
drives:
  description: One entry per path.
  returned: always
  type: list
  elements: dict
  sample:
    - path: /mnt/disk1/minio
      mount_point: /mnt/disk1
      device: /dev/sdb1
      file_system: xfs
      root_disk: false
      bytes_total: 4000000000000
      bytes_free: 3900000000000
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host import drives as host_drives


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "path", "required": True},
            "allow_root_disk": {"type": "bool", "default": False},
            "file_systems": {"type": "list", "elements": "str", "default": ["xfs"]},
        },
        supports_check_mode=True,
    )
    drives = host_drives.look(module.params["paths"])
    wrong = [fault.sentence() for fault in host_drives.faults(drives, module.params["allow_root_disk"], module.params["file_systems"])]
    if wrong:
        module.fail_json(msg=". ".join([*wrong, "Next: findmnt --df"]), drives=drives)
    module.exit_json(changed=False, drives=drives)


if __name__ == "__main__":
    main()
