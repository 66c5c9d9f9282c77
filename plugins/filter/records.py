# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows and the names of their columns as dictionaries."""

from __future__ import annotations

DOCUMENTATION = r"""
name: records
author:
  - onprem team (@onprem)
short_description: Dictionaries out of rows
version_added: 1.1.0
description:
  - Returns one dictionary for each row, with the given keys. The counterpart of P(ansible.builtin.zip#filter), which makes rows out of lists.
  - A row with more or fewer values than there are keys is an error.
positional: keys
options:
  _input:
    description: Rows of equal length.
    type: list
    elements: list
    required: true
  keys:
    description: One key for each column, each an argument of its own.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show hosts and ports
  ansible.builtin.debug:
    msg: "{{ ['db1', 'db2'] | zip([3306, 3307]) | onprem.wandb.records('host', 'port') }}"
"""

RETURN = r"""
_value:
  description: One entry for each row.
  type: list
  elements: dict
  sample: [{host: db1, port: 3306}, {host: db2, port: 3307}]
"""

import typing as t

from ansible.errors import AnsibleFilterError


def records(rows: t.Iterable[t.Sequence[t.Any]], *keys: str) -> list[dict[str, t.Any]]:
    """The rows as dictionaries."""
    found = []
    for row in rows:
        values = list(row)
        if len(values) != len(keys):
            raise AnsibleFilterError(f"records: a row has {len(values)} values for the {len(keys)} keys {', '.join(keys)}")
        found.append(dict(zip(keys, values)))
    return found


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"records": records}
