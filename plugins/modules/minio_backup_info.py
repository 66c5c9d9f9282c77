#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Age and result of the mirror of W&B's bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_backup_info
short_description: Age and result of the mirror of W&B's bucket
version_added: 1.0.0
description:
  - Reads what the mirror of role C(minio_backup) has told on this host.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
options:
  path:
    description: The mirror's status.
    type: path
    default: /var/lib/onprem-wandb/minio-backup/status.json
"""

EXAMPLES = r"""
- name: Look at the mirror
  onprem.wandb.minio_backup_info:
"""

RETURN = r"""
mirror:
  description: The status of the last runs, with RV(mirror.age_hours) of the last good one.
  returned: success
  type: dict
  contains:
    configured:
      description: Whether a mirror has told anything here.
      type: bool
    age_hours:
      description: Age of the last good run.
      type: float
  sample: {configured: true, age_hours: 3.2, objects: 306, problem: "", max_age_hours: 26}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import health


def main() -> t.NoReturn:
    """Entry point."""
    default = "/var/lib/onprem-wandb/minio-backup/status.json"
    module = AnsibleModule(argument_spec={"path": {"type": "path", "default": default}}, supports_check_mode=True)
    module.exit_json(changed=False, mirror=health.mirror(module.params["path"]))


if __name__ == "__main__":
    main()
