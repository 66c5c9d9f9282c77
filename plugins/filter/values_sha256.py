# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checksum of Helm values."""

from __future__ import annotations

DOCUMENTATION = r"""
name: values_sha256
author:
  - onprem team (@onprem)
short_description: Checksum of Helm values
version_added: 1.0.0
description:
  - The same for values as a site writes them and for the same values as Helm gives them back, where V(1.0) has become V(1).
  - M(onprem.wandb.wandb_instance_info) returns it for the operator's release.
options:
  _input:
    description: The values.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say whether the operator has these values
  ansible.builtin.debug:
    msg: "{{ seen.operator.release.values_sha256 == wandb_operator_values | onprem.wandb.values_sha256 }}"
"""

RETURN = r"""
_value:
  description: SHA-256 in hexadecimal.
  type: str
  sample: 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
"""

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._wandb import values


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"values_sha256": values.values_sha256}
