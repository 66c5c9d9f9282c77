# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers, drives and usage of an object store."""

from __future__ import annotations

import json
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import health as object_store_health
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import ADDRESS, Endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.server import MINIO_ERROR, Server, Unreachable
from ansible_collections.onprem.wandb.plugins.module_utils._say import with_next

SPEC: dict[str, t.Any] = {
    **ADDRESS,
    "root_user": {"type": "str", "required": True},
    "root_password": {"type": "str", "required": True, "no_log": True},
    "bucket": {"type": "str", "default": "wandb-files"},
    "region": {"type": "str", "default": "us-east-1"},
}


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    if MINIO_ERROR:
        module.fail_json(msg=missing_required_lib("minio >= 7.2.15"), exception=MINIO_ERROR)
    params = module.params
    try:
        endpoint = Endpoint(params["endpoint"], params["connect_to"], params["ca_file"])
        endpoint.pin()
        found = Server(endpoint, params["root_user"], params["root_password"], params["region"]).health(params["bucket"])
    except (ValueError, OSError, Unreachable) as error:
        module.fail_json(msg=with_next(error))
    module.exit_json(changed=False, health=object_store_health.summary(json.loads(found[0]), found[1], params["bucket"]))
