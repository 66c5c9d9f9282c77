#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers, drives and usage of an object store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_info
short_description: Servers, drives and usage of an object store
version_added: 1.0.0
description:
  - Asks the administration interface of a server of the MinIO kind (MinIO, Silo, AIStor) which servers and drives are there, and how full they are.
author:
  - onprem team (@onprem)
requirements:
  - minio >= 7.2.15
extends_documentation_fragment:
  - onprem.wandb.reading
  - onprem.wandb.s3_endpoint
options:
  root_user:
    description: Access key of the administrator.
    type: str
    required: true
  root_password:
    description: Secret key of the administrator.
    type: str
    required: true
  bucket:
    description: Bucket whose quota is told.
    type: str
    default: wandb-files
  region:
    description: Region of the server.
    type: str
    default: us-east-1
"""

EXAMPLES = r"""
- name: Look at the object store
  onprem.wandb.minio_info:
    endpoint: https://s3.example.com:9000
    root_user: wandbroot
    root_password: "{{ minio_root_password }}"
  delegate_to: localhost
"""

RETURN = r"""
health:
  description: What was seen.
  returned: success
  type: dict
  sample:
    version: "2026-09-16T00:00:00Z"
    servers: 4
    servers_away: []
    drives: 4
    drives_away: []
    healing: []
    parity: 2
    bytes: 61200000
    objects: 306
    used_percent: 12.5
    bucket: wandb-files
    quota: 0
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.minio_info import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
