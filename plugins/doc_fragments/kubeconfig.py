# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say which cluster to ask (module_utils/_kubernetes/api.py, ARGUMENTS)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description: The kubeconfig file of the cluster, where the module runs.
    type: path
    required: true
  context:
    description: The context of the kubeconfig to use. Without it, the current one.
    type: str
requirements:
  - PyYAML
  - kubernetes (Python package), only for a kubeconfig that gets its token from a program
"""
