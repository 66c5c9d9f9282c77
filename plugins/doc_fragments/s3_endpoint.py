# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say where an S3 service is (module_utils/_object_store/endpoint.py, ADDRESS)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  endpoint:
    description: The service as W&B's configuration names it, C(https://name:port).
    type: str
    required: true
  connect_to:
    description: Address to reach O(endpoint) at, where its name does not resolve. The certificate is still that of the name.
    type: str
    default: ""
  ca_file:
    description: CA certificates to trust beside those of the system.
    type: path
"""
