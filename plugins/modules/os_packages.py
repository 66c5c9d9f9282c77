#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of the distribution, without touching its repositories when they are there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: os_packages
short_description: Packages of the distribution
version_added: 1.0.0
description:
  - Installs packages with C(apt-get) or C(dnf), by the names of the distribution.
  - Asks the local package database first. When nothing is missing no repository is contacted and no package list refreshed, so a later run works
    on a host that cannot reach one, and is quick.
  - When packages are missing, the package lists are refreshed only if the installation does not work without. An interrupted C(dpkg) is repaired first,
    and another package manager at work is waited for.
  - Needs no Python bindings on the host, so check mode works on a minimal one.
author:
  - onprem team (@onprem)
attributes:
  check_mode:
    support: full
    description: Tells which packages would be installed.
  diff_mode:
    support: none
    description: The missing packages are in the result.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  names:
    description: Names of packages.
    type: list
    elements: str
    required: true
  timeout:
    description: Seconds to wait for another package manager.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Install what the kubelet needs
  onprem.wandb.os_packages:
    names: [conntrack, socat, ethtool]
"""

RETURN = r"""
installed:
  description: Packages that were installed, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [conntrack]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply.packages import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    module.exit_json(**run(module))


if __name__ == "__main__":
    main()
