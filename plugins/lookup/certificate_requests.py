# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates the inventory asks for."""

from __future__ import annotations

DOCUMENTATION = r"""
name: certificate_requests
author:
  - onprem team (@onprem)
short_description: Certificates a site needs, from its inventory
version_added: 1.0.0
description:
  - Returns what M(onprem.wandb.certificate_set) takes as O(onprem.wandb.certificate_set#module:requests), computed from the groups
    C(minio), C(redis) and C(mysql).
  - A host is known by its inventory name, that name in the domain, C(host_address) and C(ansible_host); a MySQL server by C(mysql_address)
    and C(mysql_endpoint_address), too.
options:
  wandb_fqdn:
    description: Host name of W&B.
    type: str
    required: true
  minio_fqdn:
    description: Host name of the object store.
    type: str
    required: true
  domain:
    description: Domain that completes inventory names without a dot.
    type: str
    default: ""
  extra_hosts:
    description: Further names and addresses by certificate.
    type: dict
    default: {}
  wandb_additional_hosts:
    description: Further host names of W&B.
    type: list
    elements: str
    default: []
notes:
  - Use C(lookup), not C(query). The result is one value.
"""

EXAMPLES = r"""
- name: Show the certificates of the site
  ansible.builtin.debug:
    msg: "{{ lookup('onprem.wandb.certificate_requests', wandb_fqdn='wandb.example.com', minio_fqdn='s3.example.com', domain='example.com') }}"
"""

RETURN = r"""
_raw:
  description: One value, a list of requests.
  type: list
  elements: list
  sample:
    - - name: ingress
        hosts: [wandb.example.com]
        required_hosts: [wandb.example.com]
        client: false
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.onprem.wandb.plugins.plugin_utils import _certificate_requests


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[t.Any], variables: t.Optional[dict[str, t.Any]] = None, **kwargs: t.Any) -> list[t.Any]:
        """Return the requests as one value."""
        if terms:
            raise AnsibleLookupError("certificate_requests takes options only, no terms.")
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        try:
            found = _certificate_requests.requests(
                known["groups"],
                known["hostvars"],
                self.get_option("wandb_fqdn"),
                self.get_option("minio_fqdn"),
                self.get_option("domain"),
                self.get_option("extra_hosts"),
                self.get_option("wandb_additional_hosts"),
            )
        except ValueError as error:
            raise AnsibleLookupError(str(error)) from error
        return [found]
