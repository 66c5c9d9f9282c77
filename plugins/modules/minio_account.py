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

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.minio_account import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
