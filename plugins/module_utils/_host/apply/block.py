# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A block of lines of ours in a file that belongs to somebody else. PRIVATE to the collection."""

from __future__ import annotations

import os
import tempfile
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import foreign
from ansible_collections.onprem.wandb.plugins.module_utils._sync import sync

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "block": {"type": "str", "required": True},
    "marker": {"type": "str", "default": "# {mark} ANSIBLE MANAGED BLOCK onprem.wandb"},
}


def with_block(text: str, block: str, begin: str, end: str) -> str:
    """The text with the block between its marks: in its place, else at the end. An empty block takes the marks away, too."""
    lines = text.splitlines(keepends=True)
    bare = [line.rstrip("\r\n") for line in lines]
    own = [f"{begin}\n", *(f"{line}\n" for line in block.splitlines()), f"{end}\n"] if block.strip() else []
    # The last of them, and what stands between: a file that somebody doubled keeps the rest.
    first = max((number for number, line in enumerate(bare) if line == begin), default=-1)
    last = max((number for number, line in enumerate(bare) if line == end), default=-1)
    if 0 <= first <= last:
        return "".join([*lines[:first], *own, *lines[last + 1 :]])
    kept = [line for line, plain in zip(lines, bare) if plain not in (begin, end)]
    if own and kept and not kept[-1].endswith("\n"):
        kept[-1] += "\n"
    return "".join([*kept, *own])


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """The work of one call."""
    p = module.params
    path = os.path.realpath(p["path"])
    try:
        before = foreign.load(path) if p["block"].strip() or os.path.exists(path) else ""
    except OSError as error:
        module.fail_json(msg=f"{p['path']} cannot be read: {error.strerror}. Next: ls -l {p['path']}")
    after = with_block(before, p["block"], p["marker"].replace("{mark}", "BEGIN"), p["marker"].replace("{mark}", "END"))
    if after != before and not module.check_mode:
        handle_number, name = tempfile.mkstemp()
        foreign.store(handle_number, after)
        # Docker and podman mount /etc/hosts: it cannot be replaced there, only written.
        module.atomic_move(name, path, unsafe_writes=True)
        sync(path)  # it may have been copied into place, from another file system
    changed = after != before
    shown = {"before": foreign.visible(before), "after": foreign.visible(after), "before_header": p["path"], "after_header": p["path"]}
    return {"changed": changed, "changed_paths": [p["path"]] if changed else [], **({"diff": [shown] if changed else []} if module._diff else {})}
