# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket and a user that can do only what its policy says."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import account
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import ADDRESS, Endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.server import MINIO_ERROR, Server, Unreachable
from ansible_collections.onprem.wandb.plugins.module_utils._say import CORRECT, with_next

SPEC: dict[str, t.Any] = {
    **ADDRESS,
    "root_user": {"type": "str", "required": True},
    "root_password": {"type": "str", "required": True, "no_log": True},
    "bucket": {"type": "str", "required": True},
    "region": {"type": "str", "default": "us-east-1"},
    "access_key": {"type": "str", "required": True, "no_log": False},
    "secret_key": {"type": "str", "required": True, "no_log": True},
    "policy_name": {"type": "str", "required": True},
    "policy": {"type": "dict", "required": True},
    "versioning": {"type": "bool"},
    "noncurrent_days": {"type": "int"},
    "quota": {"type": "int"},
    "retired_access_keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "timeout": {"type": "int", "default": 30},
}


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    if MINIO_ERROR:
        module.fail_json(msg=missing_required_lib("minio >= 7.2.15"), exception=MINIO_ERROR)
    params = module.params
    wanted = account.Wanted(params["bucket"], params["region"], params["access_key"], params["policy_name"], params["policy"])
    wanted.versioning, wanted.noncurrent_days, wanted.quota = params["versioning"], params["noncurrent_days"], params["quota"]
    wanted.retired = params["retired_access_keys"]
    if params["access_key"] in wanted.retired:
        module.fail_json(msg=f"access_key {params['access_key']!r} is also one of retired_access_keys; expected another one. Nothing was changed. {CORRECT}")
    seen, reachable = account.Seen(), True
    try:
        endpoint = Endpoint(params["endpoint"], params["connect_to"], params["ca_file"])
        endpoint.pin()
        server = Server(endpoint, params["root_user"], params["root_password"], params["region"])
        try:
            seen = server.look(wanted, params["secret_key"], 0 if module.check_mode else params["timeout"])
        except Unreachable:
            if not module.check_mode:
                raise
            reachable = False
        steps = account.plan(wanted, seen)
        if not module.check_mode:
            server.carry_out(steps, wanted, params["secret_key"])
    except (ValueError, OSError, Unreachable) as error:
        module.fail_json(msg=with_next(error))
    diff = {
        "before": "".join(f"{step.before}\n" for step in steps),
        "after": "".join(f"{step.after}\n" for step in steps),
    }
    module.exit_json(changed=bool(steps), steps=[step.action for step in steps], reachable=reachable, diff=diff)
