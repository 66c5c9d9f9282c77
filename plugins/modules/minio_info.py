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

import json
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import health as object_store_health
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import ADDRESS, Endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.server import MINIO_ERROR, Server, Unreachable


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            **ADDRESS,
            "root_user": {"type": "str", "required": True},
            "root_password": {"type": "str", "required": True, "no_log": True},
            "bucket": {"type": "str", "default": "wandb-files"},
            "region": {"type": "str", "default": "us-east-1"},
        },
        supports_check_mode=True,
    )
    if MINIO_ERROR:
        module.fail_json(msg=missing_required_lib("minio >= 7.2.15"), exception=MINIO_ERROR)
    params = module.params
    try:
        endpoint = Endpoint(params["endpoint"], params["connect_to"], params["ca_file"])
        endpoint.pin()
        found = Server(endpoint, params["root_user"], params["root_password"], params["region"]).health(params["bucket"])
    except (ValueError, OSError, Unreachable) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, health=object_store_health.summary(json.loads(found[0]), found[1], params["bucket"]))


if __name__ == "__main__":
    main()
