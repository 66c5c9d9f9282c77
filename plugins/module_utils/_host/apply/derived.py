# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that a command makes of others. PRIVATE to the collection."""

from __future__ import annotations

import os
import typing as t

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "sources": {"type": "list", "elements": "path", "required": True},
    "command": {"type": "list", "elements": "str", "required": True},
    "beside": {"type": "path", "default": ""},
}


def outdated(path: str, sources: t.Sequence[str]) -> str:
    """Why the file has to be made, or empty. As with the shell's -nt: one of the same age is outdated, and a source that is not there counts for nothing."""
    try:
        made = os.stat(path).st_mtime_ns
    except OSError:
        return f"{path} is not there"
    for source in sources:
        try:
            if os.stat(source).st_mtime_ns >= made:
                return f"{source} is newer"
        except OSError:
            continue
    return ""


def run(module: AnsibleModule, changed_paths: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """The work of one call. changed_paths: what this run has written, or would in check mode."""
    p = module.params
    if p["beside"] and not os.path.exists(p["beside"]):
        return {"changed": False, "reason": ""}
    reason = outdated(p["path"], p["sources"])
    soon = [path for path in p["sources"] if path in changed_paths]
    if soon and not reason and module.check_mode:
        reason = f"{soon[0]} is newer"
    if reason and not module.check_mode:
        code, output, errors = module.run_command([module.get_bin_path(p["command"][0], required=True), *p["command"][1:]])
        if code:
            module.fail_json(msg=f"{' '.join(p['command'])} failed ({code}): {(errors or output).strip()} Next: {' '.join(p['command'])}")
        if not os.path.exists(p["path"]):
            module.fail_json(msg=f"{' '.join(p['command'])} has not made {p['path']}. Next: ls -l {os.path.dirname(p['path'])}")
        os.utime(p["path"])
    return {"changed": bool(reason), "reason": reason}
