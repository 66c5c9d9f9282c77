# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a check that asks a service questions (module_utils/_probe.py, ARGUMENTS)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  report_only:
    description: Return findings instead of failing on them.
    type: bool
    default: false
  accept_findings:
    description: Names of probes whose finding is accepted.
    type: list
    elements: str
    default: []
"""
