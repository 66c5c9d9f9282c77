# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's firewall must let in."""

from __future__ import annotations

DOCUMENTATION = r"""
name: openings
author:
  - onprem team (@onprem)
short_description: What a host's firewall must let in
version_added: 1.1.0
description:
  - Each service of the host that asks, with the addresses of the hosts that must reach it, out of the table from which docs/network.md is made.
  - Addresses are the IPv4 addresses of the inventory, and that of the default route where the facts of a host are known.
options:
  administrators:
    description: Addresses or networks of those who use the Kubernetes API. Without any it is open from anywhere.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what must be open here
  ansible.builtin.debug:
    msg: "{{ query('onprem.wandb.openings') }}"
"""

RETURN = r"""
_raw:
  description: One entry for each service; without sources it must be reached from anywhere.
  type: list
  elements: dict
  sample: [{service: MySQL, protocol: tcp, port: 3306, sources: [192.0.2.11, 192.0.2.12]}]
"""

import socket
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.onprem.wandb.plugins.plugin_utils import _traffic
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.gather import Gatherer
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import Host


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[t.Any], variables: t.Optional[dict[str, t.Any]] = None, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        """All of them, of the host that asks."""
        if terms:
            raise AnsibleLookupError("openings takes no terms: it speaks of the host that asks.")
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        gatherer = Gatherer(self._templar, known)

        def addresses(host: Host) -> list[str]:
            found = _traffic.origins(host, known["hostvars"].raw_get(host.name).get("ansible_facts") or {})
            return found or [self.resolved(host)]

        host, administrators = gatherer.host(str(known["inventory_hostname"])), [str(item) for item in self.get_option("administrators")]
        return _traffic.openings(host, gatherer.ours(), gatherer.controller(), addresses, administrators)

    def resolved(self, host: Host) -> str:
        """A host whose facts nobody knows, and of which the inventory has a name only."""
        name = _traffic.reached(host, "")
        try:
            return str(socket.getaddrinfo(name, None, socket.AF_INET)[0][4][0])
        except OSError as error:
            raise AnsibleLookupError(
                f"The IPv4 address of {host.name} is not known: {name} does not resolve to one here ({error}), and no facts of this run name one. A firewall "
                f"takes addresses. Nothing was changed. Next: set host_address: <its IPv4 address> in host_vars/{host.name}.yml"
            ) from None
