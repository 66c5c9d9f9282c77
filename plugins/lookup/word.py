# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A word that a person gives to a playbook with -e."""

from __future__ import annotations

DOCUMENTATION = r"""
name: word
author:
  - onprem team (@onprem)
short_description: Word given to a playbook of the collection
version_added: 1.1.0
description:
  - Returns the variable C(op_<name>), which is given with C(-e) when a playbook is called.
  - The name without the prefix, as it was before 1.1.0, is still taken, with a warning. It will be refused in 2.0.0, because a variable of an inventory
    that happens to be called C(confirm) or C(run) would arm a playbook by accident.
options:
  _terms:
    description: One name, without the prefix.
    type: list
    elements: str
    required: true
  default:
    description: What is returned when nobody gave the word.
    type: raw
    default: ""
notes:
  - Use C(lookup), not C(query).
"""

EXAMPLES = r"""
- name: Show the confirmation
  ansible.builtin.debug:
    msg: "{{ lookup('onprem.wandb.word', 'confirm') }}"
"""

RETURN = r"""
_raw:
  description: The value as it was given.
  type: list
  elements: raw
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

PREFIX = "op_"
display = Display()


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        """The word with the prefix counts; the old one is taken with a warning."""
        self.set_options(var_options=variables, direct=kwargs)
        if len(terms) != 1:
            raise AnsibleLookupError("word takes one name, for example lookup('onprem.wandb.word', 'confirm').")
        known = variables or {}
        name = str(terms[0])
        if PREFIX + name in known:
            return [self._templar.template(known[PREFIX + name])]
        if name in known:
            display.warning(f"The word {name} has a new name: -e {PREFIX}{name}=... It is taken this time; from 2.0.0 on it is not.")
            return [self._templar.template(known[name])]
        return [self.get_option("default")]
