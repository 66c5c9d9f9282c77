# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step of mysql-backup returned."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mysql_backup_said
author:
  - onprem team (@onprem)
short_description: What a step of mysql-backup returned
version_added: 1.0.0
description:
  - The last line that the program printed, as a mapping. It is empty when the task was skipped, failed, or printed nothing, so it may always be asked.
options:
  _input:
    description: The registered result of the task.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Ship
  ansible.builtin.command:
    argv: [mysql-backup, ship]
  register: shipped
  changed_when: (shipped | onprem.wandb.mysql_backup_said).acted | default(false)
"""

RETURN = r"""
_value:
  description: The result.
  type: dict
"""

import typing as t

from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import restore


def mysql_backup_said(result: t.Any) -> dict[str, t.Any]:
    """The mapping."""
    return restore.said(result)


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"mysql_backup_said": mysql_backup_said}
