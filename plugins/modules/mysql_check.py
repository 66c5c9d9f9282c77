#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_check
short_description: Is this MySQL what W&B needs
version_added: 1.0.0
description:
  - Connects to a MySQL server with the account that W&B uses and asks it - version, the seven settings that W&B has validated, database, grants.
  - With O(login_unix_socket) it also asks, as C(root) on the database host, how fast the disk makes the redo log durable.
  - Works for an external server, too. Changes nothing.
author:
  - onprem team (@onprem)
requirements:
  - PyMySQL where it runs
extends_documentation_fragment:
  - onprem.wandb.reading
options:
  host:
    description: Address or name of the server.
    type: str
    required: true
  port:
    description: Port.
    type: int
    default: 3306
  user:
    description: Account of W&B.
    type: str
    default: wandb_local
  password:
    description: Password of O(user).
    type: str
    required: true
  database:
    description: Database of W&B.
    type: str
    default: wandb_local
  ca_file:
    description: CA certificates to hold the server's certificate against, where the module runs. Without it TLS is used and not verified.
    type: path
  login_unix_socket:
    description: Socket of the server on this host, to be asked as C(root). Without it the disk is not judged.
    type: path
  sync_milliseconds:
    description: Longest acceptable average time to make the redo log durable.
    type: float
    default: 10
  timeout:
    description: Seconds to wait for the server.
    type: int
    default: 10
"""

EXAMPLES = r"""
- name: Ask MySQL
  onprem.wandb.mysql_check:
    host: 10.0.0.21
    password: "{{ mysql_app_password }}"
    login_unix_socket: /run/mysqld/mysqld.sock
  register: mysql
"""

RETURN = r"""
probes:
  description: One entry per question, in the order in which they were asked - connect, version, settings, schema, grants, sync.
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
  sample: [{name: version, verdict: pass, evidence: {version: 8.4.9}, milliseconds: 0.4, remedy: ""}]
findings:
  description: Names of the probes that stand against the server.
  returned: always
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.mysql_check import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
