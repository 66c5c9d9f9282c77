#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does this Redis do what W&B needs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_check
short_description: Does this Redis do what W&B needs
version_added: 1.0.0
description:
  - Connects to a Redis as W&B does and asks it - TLS and certificate, password, version, role, eviction policy and other settings, persistence, memory,
    connections, a value written and read back, every command that queues and caches are made of.
  - Needs nothing but Python where it runs, so it runs on the Redis host, on the controller, or on a machine that shall use the service.
  - Writes some keys under C(onprem-wandb-check:), and removes them.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
  - onprem.wandb.probes
attributes:
  check_mode:
    description: In check mode nothing is written. When nothing listens, the module says so and does not fail, because the service may not be there yet.
  idempotent:
    description: Nothing changes.
options:
  host:
    description: Address or name.
    type: str
    required: true
  port:
    description: Port.
    type: int
    default: 6379
  username:
    description: User of the ACL to log in as. W&B's chart knows the default user only.
    type: str
    default: ""
  password:
    description: Password of the default user, which is the one W&B's chart uses.
    type: str
    default: ""
  tls:
    description: Whether the port speaks TLS.
    type: bool
    default: false
  ca_file:
    description: CA certificates to trust beside those of the system, on the machine where the module runs.
    type: path
  server_name:
    description: Name to expect in the certificate, when it is not O(host).
    type: str
    default: ""
  version:
    description: Wanted version. Its major number must be that of the server.
    type: str
    default: "7"
  settings:
    description: Settings the running server must have, as in redis.conf. Sizes are compared as numbers.
    type: dict
    default: {maxmemory-policy: noeviction}
  days_left:
    description: Remark on a certificate that ends within so many days.
    type: int
    default: 14
  timeout:
    description: Seconds to wait for each answer, and altogether while the server loads its data.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Ask Redis
  onprem.wandb.redis_check:
    host: 10.0.0.31
    password: "{{ redis_password }}"
    settings:
      maxmemory-policy: noeviction
      appendonly: "yes"
"""

RETURN = r"""
probes:
  description:
    - One entry per question, in the order in which they were asked - connect, ping, certificate, password_required, version, role, settings, persistence,
      memory, clients, write_and_read, commands.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the probe.
      type: str
    verdict:
      description: pass, notice, fail, or skip.
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
  sample: [{name: version, verdict: pass, evidence: {redis_version: 7.2.16}, milliseconds: 0.4, remedy: ""}]
findings:
  description: Names of the probes that stand against the service.
  returned: always
  type: list
  elements: str
  sample: []
reachable:
  description: Whether something answered.
  returned: always
  type: bool
  sample: true
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.redis_check import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
