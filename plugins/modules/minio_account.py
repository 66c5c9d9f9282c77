#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket and a user that can do only what its policy says."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_account
short_description: A bucket and a user that can do only what its policy says
version_added: 1.0.0
description:
  - Declares a bucket, a policy, a user with a given secret key, and that exactly this policy is attached to the user, on a server of the MinIO kind
    (MinIO, Silo, AIStor).
  - The secret key is compared by a request signed with it. Nothing else tells whether it is the server's.
  - Runs where the Python package C(minio) is, usually on the controller.
author:
  - onprem team (@onprem)
requirements:
  - minio >= 7.2.15
extends_documentation_fragment:
  - onprem.wandb.s3_endpoint
attributes:
  check_mode:
    support: full
    description: Tells what would be made. When nothing listens yet, that is everything.
  diff_mode:
    support: full
    description: Shows the policy and what is attached, never a key.
  idempotent:
    support: full
    description: A second run changes nothing.
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
    description: Bucket to make. It is never removed.
    type: str
    required: true
  region:
    description: Region of the bucket.
    type: str
    default: us-east-1
  access_key:
    description: Access key of the user.
    type: str
    required: true
  secret_key:
    description: Secret key of the user. Another one replaces the server's.
    type: str
    required: true
  policy_name:
    description: Name of the policy on the server.
    type: str
    required: true
  policy:
    description: The policy, as a mapping with C(Version) and C(Statement).
    type: dict
    required: true
  versioning:
    description: Whether the bucket keeps old versions. Without it, nothing is changed.
    type: bool
  noncurrent_days:
    description:
      - Days after which old versions, and the markers of deletions that nothing is left behind of, are removed by the server. V(0) removes this rule.
        Lifecycle rules of others stay. Without it, nothing is changed.
    type: int
  quota:
    description: Bytes the bucket may hold, as the server counts them. V(0) is no limit. Without it, nothing is changed.
    type: int
  retired_access_keys:
    description: Users that must not exist any more.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait for a server that is still starting.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Declare bucket and user
  onprem.wandb.minio_account:
    endpoint: https://s3.example.com:9000
    root_user: wandbroot
    root_password: "{{ minio_root_password }}"
    bucket: wandb-files
    access_key: wandbfiles
    secret_key: "{{ minio_secret_key }}"
    policy_name: wandb-files
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
          Resource: ["arn:aws:s3:::wandb-files/*"]
  delegate_to: localhost
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [make_bucket, put_policy, put_user, attach_policy]
reachable:
  description: Whether the server answered. False only in check mode.
  returned: success
  type: bool
  sample: true
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import account
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import ADDRESS, Endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.server import MINIO_ERROR, Server, Unreachable


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
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
        },
        supports_check_mode=True,
    )
    if MINIO_ERROR:
        module.fail_json(msg=missing_required_lib("minio >= 7.2.15"), exception=MINIO_ERROR)
    params = module.params
    wanted = account.Wanted(params["bucket"], params["region"], params["access_key"], params["policy_name"], params["policy"])
    wanted.versioning, wanted.noncurrent_days, wanted.quota = params["versioning"], params["noncurrent_days"], params["quota"]
    wanted.retired = params["retired_access_keys"]
    if params["access_key"] in wanted.retired:
        module.fail_json(msg=f"access_key {params['access_key']!r} is also one of retired_access_keys; expected another one. Nothing was changed.")
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
        module.fail_json(msg=str(error))
    diff = {
        "before": "".join(f"{step.before}\n" for step in steps),
        "after": "".join(f"{step.after}\n" for step in steps),
    }
    module.exit_json(changed=bool(steps), steps=[step.action for step in steps], reachable=reachable, diff=diff)


if __name__ == "__main__":
    main()
