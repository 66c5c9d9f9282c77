# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore of the pair as lines for people."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mysql_restore_lines
author:
  - onprem team (@onprem)
short_description: A restore of the pair as lines for people
version_added: 1.0.0
description:
  - What will be done. What was done is told by P(onprem.wandb.mysql_backup_report#filter).
positional: to
options:
  _input:
    description: What the filter P(onprem.wandb.mysql_restore#filter) decided.
    type: dict
    required: true
  to:
    description: What it is restored to.
    type: str
    required: true
  planned:
    description: What C(mysql-backup plan) said.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ decided | onprem.wandb.mysql_restore_lines('latest', planned) }}"
"""

RETURN = r"""
_value:
  description: Lines.
  type: list
"""

import typing as t

from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import restore


def mysql_restore_lines(found: t.Mapping[str, t.Any], to: str, planned: t.Optional[dict[str, t.Any]] = None) -> list[str]:
    """The lines."""
    return restore.plan_lines(found, to, planned or {})


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"mysql_restore_lines": mysql_restore_lines}
