# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore of the pair does on which host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mysql_restore
author:
  - onprem team (@onprem)
short_description: What a restore of the pair does on which host
version_added: 1.0.0
description:
  - A restore can be broken off anywhere and run again. What each host says about the earlier run decides what is left to do.
  - A restore to a target that was reached and opened before is not done again, because what was written since would be thrown away.
positional: to
options:
  _input:
    description: Pairs of a host and the registered result of C(mysql-backup restore-state).
    type: list
    required: true
  to:
    description: What it is restored to.
    type: str
    required: true
  onto:
    description: The host that gets the data; empty for the primary.
    type: str
    default: ""
  primary:
    description: The host that the inventory names.
    type: str
    default: ""
  again:
    description: When the restore was opened that may be given up, with everything that was written since.
    type: str
    default: ""
  is_down:
    description: A host that cannot be reached does certainly not serve.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Decide
  ansible.builtin.debug:
    msg: "{{ looks | onprem.wandb.mysql_restore('latest') }}"
"""

RETURN = r"""
_value:
  description: C(refusal), C(case) (fresh, resume, done), C(host), C(work), and the hosts of each step.
  type: dict
"""

import typing as t

from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import restore


def mysql_restore(looks: t.Iterable[t.Sequence[t.Any]], to: str, onto: str = "", primary: str = "", again: str = "", is_down: bool = False) -> dict[str, t.Any]:
    """The plan."""
    return restore.plan(looks, to, onto, primary, again, is_down)


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"mysql_restore": mysql_restore}
