# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a filter is given that judges a look at every member of a MySQL pair."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  _input:
    description: The members, each with C(name), C(address) (host:port) and C(look), the registered result of M(onprem.wandb.mysql_replica_info).
    type: list
    elements: dict
    required: true
  declared:
    description: Inventory name of the host that is the primary of a pair without a history.
    type: str
    required: true
"""
