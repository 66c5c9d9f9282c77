# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A symbolic link. PRIVATE to the collection."""

from __future__ import annotations

import os
import typing as t

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC: dict[str, t.Any] = {"path": {"type": "path", "required": True}, "target": {"type": "str", "required": True}}


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """The work of one call. A link that points elsewhere is turned; anything else that lies there is left alone and refused."""
    path, target = module.params["path"], module.params["target"]
    before = os.readlink(path) if os.path.islink(path) else ""
    if not before and os.path.lexists(path):
        module.fail_json(msg=f"{path} exists and is no link; expected a link to {target}. Nothing was changed there. Next: ls -l {path}")
    if before != target and not module.check_mode:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        beside = f"{path}.onprem-wandb"
        if os.path.lexists(beside):
            os.unlink(beside)
        os.symlink(target, beside)
        os.replace(beside, path)
    return {"changed": before != target, "changed_paths": [path] if before != target else []}
