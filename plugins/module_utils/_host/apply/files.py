# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and directories: decide, write beside, move into place, settle owner and mode. PRIVATE to the collection."""

from __future__ import annotations

import grp
import os
import pwd
import tempfile
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import files
from ansible_collections.onprem.wandb.plugins.module_utils._say import CORRECT

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

ENTRY = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["file", "directory", "absent"], "default": "file"},
    "content": {"type": "str"},
    "secret_content": {"type": "str", "no_log": True},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "raw"},
}


SPEC: dict[str, t.Any] = {"files": {"type": "list", "elements": "dict", "required": True, "options": ENTRY}}


def write(module: AnsibleModule, entry: dict[str, t.Any]) -> None:
    """Put the content beside its place, then move it there."""
    # A link is followed: the file it points to is what is declared.
    path = os.path.realpath(entry["path"])
    handle, name = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".ansible_tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(files.wanted_bytes(entry))
            stream.flush()
            os.fsync(stream.fileno())  # a unit that is empty after a power cut, and keys that are
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


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """The work of one call."""
    # Nobody else reads a secret between its creation and its mode.
    umask = os.umask(0o077)
    try:
        return settle_all(module)
    finally:
        os.umask(umask)


def settle_all(module: AnsibleModule) -> dict[str, t.Any]:
    """Entry after entry, in their order."""
    wrong = files.problems(module.params["files"])
    if wrong:
        module.fail_json(msg=" ".join([*wrong, CORRECT]))
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
            said = f"{entry['path']}: {error}"
            module.fail_json(msg=said if "Next: " in said else f"{said}. Next: ls -ld {entry['path']}", changed_paths=changed)
    result: dict[str, t.Any] = {"changed": bool(changed), "changed_paths": changed}
    if module._diff:
        result["diff"] = changes
    return result
