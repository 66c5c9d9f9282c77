# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates or a key out of a PEM file of the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pem
author:
  - onprem team (@onprem)
short_description: Certificates or a private key out of a PEM file, and nothing else of it
version_added: 1.0.0
description:
  - Reads a PEM file on the controller as P(ansible.builtin.file#lookup) does, and returns the wanted blocks only, in their usual form.
  - A file may hold the key beside the certificate, text around the blocks, other line ends or a byte order mark. None of these reaches a host.
options:
  _terms:
    description: Paths of files.
    type: list
    elements: path
    required: true
  kind:
    description: V(certificates) are all of them in their order, V(private_key) is the first key.
    type: str
    choices: [certificates, private_key]
    default: certificates
notes:
  - Use C(lookup), not C(query), for one file.
"""

EXAMPLES = r"""
- name: Put a CA onto a host
  ansible.builtin.copy:
    content: "{{ lookup('onprem.wandb.pem', '/secure/ca.pem') }}"
    dest: /etc/ssl/site-ca.crt
    mode: "0644"
"""

RETURN = r"""
_raw:
  description: PEM text per file, with a line end at the end.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.onprem.wandb.plugins.module_utils._certificates import pem

WANTED = {"certificates": (pem.certificates, "certificates"), "private_key": (pem.private_key, "a private key without a passphrase")}


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        """Return one text per file."""
        self.set_options(var_options=variables, direct=kwargs)
        pick, expected = WANTED[self.get_option("kind")]
        found = []
        for term in terms:
            path = self.find_file_in_search_path(variables or {}, "files", str(term), ignore_missing=True) or str(term)
            try:
                with open(path, "rb") as handle:
                    found.append(pick(handle.read()).decode())
            except (OSError, TypeError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                raise AnsibleLookupError(
                    f"{term} on the controller cannot be used: {reason}. Expected {expected} in PEM form. Next: openssl storeutl -noout -text {term}"
                ) from None
        return found
