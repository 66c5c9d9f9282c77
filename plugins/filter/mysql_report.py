# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A MySQL pair and its journal as lines for people."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mysql_report
author:
  - onprem team (@onprem)
short_description: A MySQL pair and its journal as lines for people
version_added: 1.0.0
description:
  - Who is the primary, one block per member with everything a person asks at night, then the journal lines of all members in the order of time.
  - Lines are not folded; M(onprem.wandb.report) does that.
positional: declared
extends_documentation_fragment:
  - onprem.wandb.mysql_members
"""

EXAMPLES = r"""
- name: Show the pair
  onprem.wandb.report:
    lines: "{{ members | onprem.wandb.mysql_report('db1') }}"
"""

RETURN = r"""
_value:
  description: Lines.
  type: list
  elements: str
  sample: ["primary: db1", "db1 198.18.0.21:3306: primary, writable, MySQL 9.7.4"]
"""

import typing as t

from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import pair
from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import report


def mysql_report(found: t.Sequence[t.Mapping[str, t.Any]], declared: str) -> list[str]:
    """The lines."""
    return report.lines(pair.members(found), declared)


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"mysql_report": mysql_report}
