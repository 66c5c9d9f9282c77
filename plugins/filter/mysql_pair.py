# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is the primary of a MySQL pair."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mysql_pair
author:
  - onprem team (@onprem)
short_description: Who is the primary of a MySQL pair
version_added: 1.0.0
description:
  - Judges from a look at every member. Who is writable is the primary; else who is recorded; else who is followed; else who is declared.
positional: declared
extends_documentation_fragment:
  - onprem.wandb.mysql_members
"""

EXAMPLES = r"""
- name: Show the primary
  ansible.builtin.debug:
    msg: "{{ members | onprem.wandb.mysql_pair('db1') }}"
"""

RETURN = r"""
_value:
  description: Name of the primary, or the reason why nobody can be named.
  type: dict
  sample: {primary: db2, problem: ""}
"""

import typing as t
from dataclasses import asdict

from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import pair


def mysql_pair(found: t.Sequence[t.Mapping[str, t.Any]], declared: str) -> dict[str, t.Any]:
    """The verdict as a dictionary."""
    return asdict(pair.decide(pair.members(found), declared))


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"mysql_pair": mysql_pair}
