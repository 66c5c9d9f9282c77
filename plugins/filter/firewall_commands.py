# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Openings of a firewall as commands for a shell."""

from __future__ import annotations

DOCUMENTATION = r"""
name: firewall_commands
author:
  - onprem team (@onprem)
short_description: Openings of a firewall as commands for a shell
version_added: 1.1.0
description:
  - The commands that open exactly the given services in a host's firewall, for somebody who does not let the role host do it.
positional: manager, places
options:
  _input:
    description: What the lookup P(onprem.wandb.openings#lookup) returns.
    type: list
    elements: dict
    required: true
  manager:
    description: What manages the firewall, as M(onprem.wandb.preflight_facts) finds it; empty where nothing filters.
    type: str
    required: true
  places:
    description: Zones of firewalld or base chains of nftables that are to be opened, from there, too. Without any the default zone, and C(inet filter input).
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show the commands
  ansible.builtin.debug:
    msg: "{{ query('onprem.wandb.openings') | onprem.wandb.firewall_commands('ufw') }}"
"""

RETURN = r"""
_value:
  description: Lines; a comment alone where nothing filters.
  type: list
  elements: str
  sample: ["ufw allow proto tcp from 192.0.2.11 to any port 3306 comment 'onprem.wandb'"]
"""

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import openings


def firewall_commands(entries: t.Iterable[t.Mapping[str, t.Any]], manager: str, places: t.Sequence[str] = ()) -> list[str]:
    """The lines; without a firewall what would have to be open."""
    wanted = [openings.Opening(entry["protocol"], int(entry["port"]), tuple(entry["sources"]), entry["service"]) for entry in entries]
    if manager:
        return openings.commands(manager, wanted, places)
    return ["nothing filters here; to be open for others:", *(words(opening) for opening in wanted)]


def words(opening: openings.Opening) -> str:
    """One opening as a line."""
    port = f" {opening.port}" if opening.port else ""
    return f"  {opening.service}, {opening.protocol.upper()}{port}, from {', '.join(opening.sources) or 'anywhere'}"


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name."""
        return {"firewall_commands": firewall_commands}
