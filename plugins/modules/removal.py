#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes what a role has put on a host, and nothing else."""

from __future__ import annotations

DOCUMENTATION = r"""
module: removal
short_description: Removes what a role has put on a host, and nothing else
version_added: 1.0.0
description:
  - Removes files and directories with all that they hold. Every path is looked at first; when one of them is refused, nothing is changed.
  - A directory that holds something is removed when C(onprem-wandb) is one of the names in its path, or when it holds what the entry says that it must.
    Any other one is refused with a sentence.
  - A mount point, and a directory that is named by a link, is emptied and stays. Nothing is removed on the other side of a mount. A mount point inside a
    directory is refused, unless it is an entry of its own.
  - A systemd unit that is a link (an alias, a mask) belongs to another package and stays.
  - Empty directories of ours above a removed path go with it.
author:
  - onprem team (@onprem)
attributes:
  check_mode:
    support: full
    description: Tells what would go, refuses what would be refused, and changes nothing.
  diff_mode:
    support: full
    description: Names the paths. Contents are never shown.
  idempotent:
    support: full
    description: A second run changes nothing. One that was cut off is finished by the next.
options:
  paths:
    description: What must be gone, in this order.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path. Its last part may be a shell pattern.
        type: path
        required: true
      holds:
        description: Shell patterns, relative to the directory. One of them must be there, or the directory is not ours.
        type: list
        elements: str
        default: []
      only:
        description: Shell patterns of names. A directory with any other name in it is refused. Without O(paths[].holds) these names are proof enough.
        type: list
        elements: str
        default: []
      keep:
        description: Empty the directory, and leave itself to the package of the distribution that has made it.
        type: bool
        default: false
      if_empty:
        description: Remove the directory when it is empty, and leave it without a word when it is not.
        type: bool
        default: false
      artifacts:
        description: The directory of M(onprem.wandb.artifact). The links to its programs are removed as well.
        type: bool
        default: false
  unmounted:
    description:
      - Directories below which a task before has unmounted everything. In check mode it has only pretended to, and what is mounted there does not count.
    type: list
    elements: path
    default: []
seealso:
  - module: onprem.wandb.files
"""

EXAMPLES = r"""
- name: Remove MySQL's data and configuration
  onprem.wandb.removal:
    paths:
      - path: /etc/onprem-wandb/mysql
      - path: /var/lib/mysql
        holds: [mysql.ibd, ibdata1]
      - path: /var/lib/mysql.before-restore-*
        holds: [mysql.ibd]
"""

RETURN = r"""
removed:
  description: What went, or would in check mode. Of a mount point only what is in it.
  returned: always
  type: list
  elements: str
  sample: [/etc/onprem-wandb/mysql, /var/lib/mysql]
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host import removal

ENTRY = {
    "path": {"type": "path", "required": True},
    "holds": {"type": "list", "elements": "str", "default": []},
    "only": {"type": "list", "elements": "str", "default": []},
    "keep": {"type": "bool", "default": False},
    "if_empty": {"type": "bool", "default": False},
    "artifacts": {"type": "bool", "default": False},
}


def mounts() -> list[str]:
    """Mount points as this process sees them."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
        return removal.mount_points(stream.read())


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "dict", "required": True, "options": ENTRY},
            "unmounted": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    entries = [removal.Entry(**{**one, "holds": tuple(one["holds"]), "only": tuple(one["only"])}) for one in module.params["paths"]]
    removed: list[str] = []
    lines: list[tuple[str, str]] = []
    # Empty directories are looked at when what was in them is gone, one after the other.
    passes = [[entry for entry in entries if not entry.if_empty], *([entry] for entry in entries if entry.if_empty)]
    unmounted = tuple(f"{path.rstrip('/')}/" for path in module.params["unmounted"])
    where = ""
    try:
        for some in passes:
            points = [point for point in mounts() if not module.check_mode or not point.startswith(unmounted)]
            targets, refused = removal.problems(some, points)
            if refused:
                module.fail_json(msg=" ".join(refused), removed=removed)
            for target in targets:
                where = target.path
                lines.append((f"{where}: {target.kind}\n", f"{where}: {'empty' if target.action == removal.EMPTY else 'absent'}\n"))
                removed.append(where)
                if not module.check_mode:
                    removal.remove(target)
                    removal.tidy(where)
    except OSError as error:
        gone = ", ".join(removed[:-1]) or "nothing"
        module.fail_json(
            msg=f"{error.filename or where} cannot be removed: {os.strerror(error.errno or 0)}. What went before it stays gone: {gone}."
            f" Next: fuser -v {where}; lsattr -d {where}; then run this again.",
            removed=removed,
        )
    result: dict[str, t.Any] = {"changed": bool(removed), "removed": removed}
    if module._diff:
        result["diff"] = {"before": "".join(before for before, _after in lines), "after": "".join(after for _before, after in lines)}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
