#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does this bucket do what W&B needs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket_check
short_description: Does this bucket do what W&B needs
version_added: 1.0.0
description:
  - Does what W&B's server, its clients and browsers do with a bucket, from the machine where it runs, and says for each what was seen and what to do
    - name, port and certificate of the endpoint, clocks, credentials, region, put, get, ranges, lists, multipart uploads, presigned URLs, CORS.
  - Works with every S3 server. Nothing is assumed from its name, everything is tried.
  - Its objects lie under O(prefix) and are removed at the end, and at the beginning those of an interrupted run.
author:
  - onprem team (@onprem)
requirements:
  - boto3 >= 1.34
extends_documentation_fragment:
  - onprem.wandb.reading
  - onprem.wandb.probes
  - onprem.wandb.s3_endpoint
attributes:
  check_mode:
    description:
      - Only questions that write nothing are asked. When nothing listens, the module says so and does not fail, because the service may not be there yet.
  idempotent:
    description: Nothing changes.
options:
  bucket:
    description: Name of the bucket.
    type: str
    required: true
  region:
    description: Region W&B is told.
    type: str
    default: us-east-1
  access_key:
    description: Access key W&B uses.
    type: str
    required: true
  secret_key:
    description: Secret key W&B uses.
    type: str
    required: true
  addressing_style:
    description: Where the bucket's name stands, in the path or in the host name.
    type: str
    choices: [path, virtual]
    default: path
  origins:
    description: Origins of pages that use presigned URLs, usually C(https://) and W&B's host name. Each gets a preflight and a real request.
    type: list
    elements: str
    default: []
  prefix:
    description: Where the check puts its objects. It must be of this machine alone. The default ends with the host's name.
    type: str
  large_bytes:
    description:
      - Size of an object that is written in parts of 64 MiB, read back at its end, and removed. More than 5 GB shows what no single request can carry.
        V(0) leaves it out. Raise O(deadline) with it.
    type: int
    default: 0
  timeout:
    description: Seconds to wait for each answer.
    type: int
    default: 10
  deadline:
    description: Seconds after which no more questions are asked.
    type: int
    default: 120
  strict:
    description: Notices count as findings, too.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Ask the bucket
  onprem.wandb.s3_bucket_check:
    endpoint: https://s3.example.com:9000
    bucket: wandb-files
    access_key: wandbfiles
    secret_key: "{{ minio_secret_key }}"
    ca_file: "{{ lookup('onprem.wandb.secrets_dir') }}/certificates/ca-bundle.crt"
    origins: [https://wandb.example.com]
  delegate_to: localhost
"""

RETURN = r"""
probes:
  description:
    - One entry per question, in the order in which they were asked - resolve, connect, tls, tls_public, clock, addressing, credentials, region, confined,
      cors_preflight, cors_foreign, versioning, lifecycle, leftovers, put, head, get, list, copy, multipart, multipart_abort, presigned_put, presigned_get,
      range, presigned_head, wrong_signature, public_access, cors_response, checksum_trailer, expiry,
      content_disposition, names, empty, large, delete.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the probe.
      type: str
    verdict:
      description: pass, notice (works, but the operator should know), fail, or skip.
      type: str
    evidence:
      description: What was seen.
      type: dict
    milliseconds:
      description: How long it took.
      type: float
    remedy:
      description: What to do, for a finding.
      type: str
  sample: [{name: presigned_put, verdict: pass, evidence: {status: 200}, milliseconds: 4.1, remedy: ""}]
findings:
  description: Names of the probes that stand against the bucket.
  returned: always
  type: list
  elements: str
  sample: []
reachable:
  description: Whether something listens at the endpoint.
  returned: always
  type: bool
  sample: true
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.s3_bucket_check import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
