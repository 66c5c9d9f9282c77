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

import grp
import os
import pwd
import tempfile
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host import files

ENTRY = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["file", "directory", "absent"], "default": "file"},
    "content": {"type": "str"},
    "secret_content": {"type": "str", "no_log": True},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "raw"},
}


class Discreet(AnsibleModule):
    """Logs which files it was called for, and not the call.

    In the text of a list the ends of lines are escaped, so that a private key is no longer the string that Ansible takes out of its logs.
    """

    def _log_invocation(self) -> None:
        self.log("Invoked for " + " ".join(str(entry["path"]) for entry in self.params["files"]))


def write(module: AnsibleModule, entry: dict[str, t.Any]) -> None:
    """Put the content beside its place, then move it there."""
    # A link is followed: the file it points to is what is declared.
    path = os.path.realpath(entry["path"])
    handle, name = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".ansible_tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(files.wanted_bytes(entry))
        module.atomic_move(name, path)
    finally:
        if os.path.exists(name):
            os.unlink(name)


def act(module: AnsibleModule, entry: dict[str, t.Any], action: str) -> None:
    """Carry out what was decided."""
    path = entry["path"]
    if action == files.REMOVE:
        os.unlink(path)
        return
    if action == files.CREATE:
        for parent in files.missing_parents(path):
            os.mkdir(parent)
            os.chmod(parent, 0o755)
    if entry["state"] == "directory":
        os.mkdir(path)
        if entry["mode"] is None:
            os.chmod(path, 0o755)
    else:
        write(module, entry)


def missing_accounts(entry: dict[str, t.Any]) -> list[str]:
    """Owner and group that this host does not have (yet)."""
    found = []
    look: dict[str, t.Callable[[str], t.Any]] = {"owner": pwd.getpwnam, "group": grp.getgrnam}
    for kind, find in look.items():
        name = entry[kind]
        if not name or name.isdigit():
            continue
        try:
            find(name)
        except KeyError:
            found.append(f"{kind} {name}")
    return found


def settle(module: AnsibleModule, entry: dict[str, t.Any], action: str) -> bool:
    """Bring one entry into its state; True when something changed or would."""
    strangers = missing_accounts(entry) if entry["state"] != "absent" else []
    if strangers and module.check_mode:
        return True  # an earlier task adds them, and only pretends to in check mode
    if strangers:
        raise ValueError(f"this host has no {' and no '.join(strangers)}. Install the package or add the user first.")
    if action != files.KEEP and not module.check_mode:
        act(module, entry, action)
    if entry["state"] == "absent" or not os.path.exists(entry["path"]):
        return action != files.KEEP
    attributes = {"path": entry["path"], "owner": entry["owner"], "group": entry["group"], "mode": entry["mode"], "attributes": None}
    attributes["secontext"] = module.selinux_default_context(entry["path"]) if module.selinux_enabled() else [None, None, None]
    if module.check_mode and action != files.KEEP:
        return True
    return module.set_fs_attributes_if_different(attributes, action != files.KEEP)


def main() -> t.NoReturn:
    """Entry point."""
    module = Discreet(
        argument_spec={"files": {"type": "list", "elements": "dict", "required": True, "options": ENTRY}},
        supports_check_mode=True,
    )
    # Nobody else reads a secret between its creation and its mode.
    os.umask(0o077)
    wrong = files.problems(module.params["files"])
    if wrong:
        module.fail_json(msg=" ".join(wrong))
    changed: list[str] = []
    changes: list[dict[str, str]] = []
    for entry in module.params["files"]:
        try:
            action = files.decide(entry)
            change = files.diff(entry, action)
            if change:
                changes.append(change)
            if settle(module, entry, action):
                changed.append(entry["path"])
        except (OSError, ValueError) as error:
            module.fail_json(msg=f"{entry['path']}: {error}", changed_paths=changed)
    result: dict[str, t.Any] = {"changed": bool(changed), "changed_paths": changed}
    if module._diff:
        result["diff"] = changes
    module.exit_json(**result)


if __name__ == "__main__":
    main()
