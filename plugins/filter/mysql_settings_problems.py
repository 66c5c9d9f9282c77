# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why settings of mysqld are refused."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mysql_settings_problems
author:
  - onprem team (@onprem)
short_description: Why settings of mysqld are refused
version_added: 1.0.0
description:
  - Judges C(mysql_settings) as preflight does. Names that the role, W&B or replication relies on are refused in any spelling, a time zone by name, and a value
    that the data of the host were not made with.
positional: of_data
options:
  _input:
    description: The settings.
    type: dict
    required: true
  of_data:
    description: What the data of the host were made with, C(data_settings) of M(onprem.wandb.mysql_replica_info). Empty when there are no data.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ {'sync-binlog': 0} | onprem.wandb.mysql_settings_problems }}"
"""

RETURN = r"""
_value:
  description: Sentences with the next step.
  type: list
  elements: str
  sample: ["mysql_settings must not set sync_binlog: W&B validates sync_binlog = 1. Next: set mysql_settings without sync_binlog."]
"""

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._mysql import settings


def mysql_settings_problems(declared: t.Any, of_data: t.Optional[t.Mapping[str, str]] = None) -> list[str]:
    """The sentences."""
    return [one.sentence for one in settings.problems(declared, of_data)]


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"mysql_settings_problems": mysql_settings_problems}
