# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of a role with the part of the collection's library that they import."""

from __future__ import annotations

DOCUMENTATION = r"""
name: programs
author:
  - onprem team (@onprem)
short_description: Programs of a role with the part of the collection's library that they import
version_added: 1.1.0
description:
  - Returns one dictionary, text by path, for O(onprem.wandb.host_state#module:states[].programs).
  - Modules and packages in Python are taken from C(files) of the role, and what they import below C(ansible_collections.onprem.wandb.plugins.module_utils)
    from the collection, at that place. A host that gets them needs no Ansible.
options:
  _terms:
    description: Names of modules (with C(.py)) and of packages (directories), below C(files) of the role.
    type: list
    elements: str
    required: true
notes:
  - Use C(lookup), not C(query).
seealso:
  - module: onprem.wandb.host_state
"""

EXAMPLES = r"""
- name: Install a program
  onprem.wandb.host_state:
    states:
      - programs:
          path: /usr/local/lib/onprem-wandb/mysql
          files: "{{ lookup('onprem.wandb.programs', 'mysql_role_guard.py') }}"
          commands:
            /usr/local/sbin/mysql-role-guard: mysql_role_guard
"""

RETURN = r"""
_raw:
  description: Text by path.
  type: list
  elements: dict
"""

import pathlib
import typing as t

from ansible.plugins.lookup import LookupBase

from ansible_collections.onprem.wandb.plugins.plugin_utils import _programs


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        """All terms together are one dictionary."""
        self.set_options(var_options=variables, direct=kwargs)
        return [_programs.tree([pathlib.Path(self.find_file_in_search_path(variables or {}, "files", str(term))) for term in terms])]
