#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secrets_look
short_description: Look which secrets are missing, and what the host was set up with
version_added: 1.0.0
description:
  - An action plugin of the same name compares O(names) with the files of O(directory) on the controller. When none is missing, that is all, and the
    host is not asked.
  - Otherwise the host is looked at for files that only a host has which was set up with such a secret. M(onprem.wandb.secrets) judges what was found on
    all hosts.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
options:
  directory:
    description: Directory of secrets on the controller.
    type: path
  names:
    description: Names of the secrets that the host needs from there.
    type: list
    elements: str
    default: []
  evidence:
    description: Marks by secret, each a path, or V(path::text) for a file that holds the text. Set by the action plugin.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Look which secrets are missing, and what the host was set up with
  onprem.wandb.secrets_look:
    directory: "{{ redis_secrets_dir }}"
    names: [redis_password, redis_admin_password]
  register: looked
"""

RETURN = r"""
missing:
  description: Names that have no file on the controller.
  returned: success
  type: list
  elements: str
  sample: [redis_password]
found:
  description: Mark on the host, by name of a missing secret.
  returned: success
  type: dict
  sample: {redis_password: /etc/redis/auth.conf}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host.preflight import evidence_found


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path"},
            "names": {"type": "list", "elements": "str", "default": []},
            "evidence": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, missing=module.params["names"], found=evidence_found(module.params["evidence"]))


if __name__ == "__main__":
    main()
