#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several files and directories in one round trip."""

from __future__ import annotations

DOCUMENTATION = r"""
module: files
short_description: Several files and directories in one round trip
version_added: 1.0.0
description:
  - Brings a list of files and directories into the declared state, in the given order. What takes one task per file with
    M(ansible.builtin.template), M(ansible.builtin.copy) and M(ansible.builtin.file) is one task and one connection here.
  - Content is given by value; use P(ansible.builtin.template#lookup) for a role's templates and P(ansible.builtin.file#lookup) for files of the controller.
  - Files are written beside their place and moved there, so that a reader sees the old content or the new one.
author:
  - onprem team (@onprem)
attributes:
  check_mode:
    support: full
    description: Tells what would change, and changes nothing.
  diff_mode:
    support: full
    description: Shows the changes of public contents. Secret contents are named, never shown.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  files:
    description: What must be there, in this order.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      state:
        description:
          - V(file) is a regular file with the given content, V(directory) a directory, V(absent) no file or link.
          - Missing directories above a path are created with mode 0755. Directories are never removed.
        type: str
        choices: [file, directory, absent]
        default: file
      content:
        description: Content that may be shown in a diff.
        type: str
      secret_content:
        description: Content that is never shown.
        type: str
      owner:
        description: Name or number of the owner. Without it the owner stays as it is.
        type: str
      group:
        description: Name or number of the group. Without it the group stays as it is.
        type: str
      mode:
        description: Mode, for example V('0640'). Needed for files; a new directory without it gets 0755.
        type: raw
"""

EXAMPLES = r"""
- name: Write the configuration
  onprem.wandb.files:
    files:
      - path: /etc/redis
        state: directory
        owner: redis
        group: redis
        mode: "0750"
      - path: /etc/redis/redis.conf
        secret_content: "{{ lookup('ansible.builtin.template', 'redis.conf.j2') }}"
        owner: root
        group: redis
        mode: "0640"
"""

RETURN = r"""
changed_paths:
  description: The paths that were changed, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [/etc/redis/redis.conf]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply.files import SPEC, run


class Discreet(AnsibleModule):
    """Logs which files it was called for, and not the call.

    In the text of a list the ends of lines are escaped, so that a private key is no longer the string that Ansible takes out of its logs.
    """

    def _log_invocation(self) -> None:
        self.log("Invoked for " + " ".join(str(entry["path"]) for entry in self.params["files"]))


def main() -> t.NoReturn:
    """Entry point."""
    module = Discreet(argument_spec=SPEC, supports_check_mode=True)
    module.exit_json(**run(module))


if __name__ == "__main__":
    main()
