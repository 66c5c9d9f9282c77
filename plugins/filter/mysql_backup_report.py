# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What mysql-backup did on the hosts, as lines for people."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mysql_backup_report
author:
  - onprem team (@onprem)
short_description: What mysql-backup did on the hosts, as lines for people
version_added: 1.0.0
description:
  - Reads the last line of JSON that a command of C(mysql-backup) printed.
  - Lines are not folded; M(onprem.wandb.report) does that.
positional: kind, name, host, hosts
options:
  _input:
    description: For V(step) the registered results by host; for V(plan) and V(restored) the registered result of the host that is restored.
    type: dict
    required: true
  kind:
    description: Of what. V(step) for a step on demand, V(plan) for what a restore would do, V(restored) for what it did.
    type: str
    choices: [step, plan, restored]
    required: true
  name:
    description: The step, or to where the restore goes.
    type: str
    required: true
  host:
    description: The host that is restored.
    type: str
    default: ""
  hosts:
    description: The hosts that are stopped for it.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what was done
  onprem.wandb.report:
    lines: "{{ ({'db1': done} | onprem.wandb.mysql_backup_report('step', 'full')).lines }}"
"""

RETURN = r"""
_value:
  description: C(lines), and for V(step) in C(acted) the hosts that acted.
  type: dict
  sample: {lines: ["db1 did nothing: it is the primary, and 1 standby attached does it"], acted: []}
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import backup_report


def mysql_backup_report(found: t.Mapping[str, t.Any], kind: str, name: str, host: str = "", hosts: t.Sequence[str] = ()) -> dict[str, list[str]]:
    """Lines, and who acted."""
    if kind == "step":
        return backup_report.step(name, found)
    if kind == "plan":
        return {"lines": backup_report.plan(backup_report.answer(found), name, host, hosts)}
    if kind == "restored":
        return {"lines": backup_report.restored(backup_report.answer(found), name, host)}
    raise AnsibleFilterError(f"mysql_backup_report: the kind is {kind}; expected step, plan or restored.")


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"mysql_backup_report": mysql_backup_report}
