# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account that a service runs as. PRIVATE to the collection."""

from __future__ import annotations

import grp
import pwd
import typing as t

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "home": {"type": "str", "required": True},
    "shell": {"type": "str", "default": "/usr/sbin/nologin"},
}


def command(name: str, home: str, shell: str, seen: t.Optional[tuple[str, str]], own_group: bool) -> list[str]:
    """What makes the account be so; empty when it is.

    seen: home and shell of the account that is there, None when there is none. own_group: whether a group of its name is there already.
    """
    if seen is None:
        group = ["--gid", name] if own_group else ["--user-group"]
        return ["useradd", "--system", *group, "--home-dir", home, "--shell", shell, "--no-create-home", name]
    changes = [*(["--home", home] if seen[0] != home else []), *(["--shell", shell] if seen[1] != shell else [])]
    return ["usermod", *changes, name] if changes else []


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """The work of one call."""
    p = module.params
    try:
        entry = pwd.getpwnam(p["name"])
        seen: t.Optional[tuple[str, str]] = (entry.pw_dir, entry.pw_shell)
    except KeyError:
        seen = None
    words = command(p["name"], p["home"], p["shell"], seen, any(group.gr_name == p["name"] for group in grp.getgrall()))
    if words and not module.check_mode:
        code, output, errors = module.run_command([module.get_bin_path(words[0], required=True), *words[1:]])
        if code:
            module.fail_json(msg=f"{words[0]} for {p['name']} failed ({code}): {(errors or output).strip()} Next: getent passwd {p['name']}")
    return {"changed": bool(words), "command": words}
