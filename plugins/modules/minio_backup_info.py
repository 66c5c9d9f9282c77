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
      description: Age of the last good run; none when no run was good so far.
      type: float
    max_age_hours:
      description: The age that is still good (C(minio_backup_max_age_hours)).
      type: float
    began:
      description: Beginning of the last run, in seconds since 1970.
      type: float
    attempt:
      description: End of the last run, good or not, in seconds since 1970.
      type: float
    success:
      description: End of the last good run, in seconds since 1970. This and what follows stay when a later run fails.
      type: int
    problem:
      description: Why the last run failed, or that it ended without a word. Empty when all is well.
      type: str
    place:
      description: Where the second place is.
      type: str
    objects:
      description: Objects of the bucket.
      type: int
    bytes:
      description: What they hold.
      type: int
    new:
      description: Objects that were copied.
      type: int
    moved_aside:
      description: Objects that the bucket no longer has.
      type: int
    under_hash:
      description: Objects whose names the second place cannot hold.
      type: int
    compared:
      description: Objects that were compared after the run.
      type: int
    read_back:
      description: Objects that were read from both places, byte by byte.
      type: int
    repaired:
      description: Objects that differed and were copied again.
      type: int
    seconds:
      description: How long the run took.
      type: float
  sample: {configured: true, age_hours: 3.2, objects: 306, problem: "", max_age_hours: 26}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.minio_backup_info import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
