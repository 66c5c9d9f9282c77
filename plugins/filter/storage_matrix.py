# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the bucket check from several machines as one matrix."""

from __future__ import annotations

DOCUMENTATION = r"""
name: storage_matrix
author:
  - onprem team (@onprem)
short_description: Answers of the bucket check from several machines as one matrix
version_added: 1.0.0
description:
  - One line for each question, one column for each machine, then what is worth a note, then a line that counts.
options:
  _input:
    description: What M(onprem.wandb.s3_bucket_check) returned, by the name of the machine.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the matrix
  ansible.builtin.debug:
    msg: "{{ ({'controller': asked} | onprem.wandb.storage_matrix).lines }}"
"""

RETURN = r"""
_value:
  description: C(lines) for a terminal, and C(findings), sentences of what stands against the bucket.
  type: dict
  sample: {lines: ["question  controller"], findings: []}
"""

import typing as t

from ansible_collections.onprem.wandb.plugins.plugin_utils import _storage_matrix


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"storage_matrix": _storage_matrix.matrix}
