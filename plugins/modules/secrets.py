#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secrets
short_description: Make the secrets that are missing, once for all hosts
version_added: 1.0.0
description:
  - Makes a file of 32 letters and digits (mode 0600) on the controller for each secret that M(onprem.wandb.secrets_look) found missing. Alone in the
    directory; another run waits for at most a minute.
  - Refuses when a host was set up with such a secret, and when a host of O(group) was not looked at. A site that serves never gets new secrets because
    somebody runs from a machine that does not have them.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.report
attributes:
  check_mode:
    description: Refuses as it would, and makes nothing.
    support: full
  diff_mode:
    description: Nothing about a secret is shown.
    support: none
  idempotent:
    description: A secret that is there stays.
    support: full
options:
  directory:
    description: Directory of secrets on the controller.
    type: path
    required: true
  looked:
    description: Name of the variable in which M(onprem.wandb.secrets_look) was registered on every host.
    type: str
  group:
    description: Group whose hosts share the secrets. V(all) stands for the groups of the collection.
    type: str
  names:
    description: Further secrets. Without O(looked) those that are new on every site, such as the next key of the bucket; then no host is asked.
    type: list
    elements: str
    default: []
  judge_only:
    description: Refuse as said, and make nothing. For what another task makes, such as the site's own CA.
    type: bool
    default: false
  accept_new:
    description: The site's name, from an operator who has lost the secrets of hosts that serve and wants others.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Make the missing secrets
  onprem.wandb.secrets:
    directory: "{{ redis_secrets_dir }}"
    looked: __redis_secrets
    group: redis
"""

RETURN = r"""
made:
  description: Names of the secrets that were made.
  returned: success
  type: list
  elements: str
  sample: [redis_password]
"""
