# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module asks the other members of a MySQL pair."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  peers:
    description: The other members.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: Address.
        type: str
        required: true
      port:
        description: Port.
        type: int
        default: 3306
  peer_user:
    description: Account for asking O(peers).
    type: str
  peer_password:
    description: Password of O(peer_user).
    type: str
"""
