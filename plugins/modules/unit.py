#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd unit that is enabled, runs, and runs what is on the disk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: unit
short_description: A systemd unit that is enabled, runs, and runs what is on the disk
version_added: 1.0.0
description:
  - Enables and starts a systemd unit, and restarts it when its process is older than its configuration or runs another binary than the installed one.
  - A handler is notified in the run that changed the file, and forgotten when that run is interrupted. This module compares the process with the files,
    so any later run finishes the job.
  - Waits until the unit is active. When it does not get there, the message has the state and the last lines of its journal.
author:
  - onprem team (@onprem)
attributes:
  check_mode:
    support: full
    description: Tells what would happen. A unit that does not exist yet would be started.
  diff_mode:
    support: none
    description: A unit has no text to compare.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  name:
    description: Name of the unit.
    type: str
    required: true
  enabled:
    description: Whether the unit starts at boot.
    type: bool
    default: true
  state:
    description: V(started) runs, V(stopped) does not.
    type: str
    choices: [started, stopped]
    default: started
  restart_when_newer:
    description: Files the process reads at its start. It is restarted when one of them was written after that. The unit's own files need not be named.
    type: list
    elements: path
    default: []
  reload_when_newer:
    description: Files the process reads again when it is reloaded. It is, when one of them was written after the last start or reload.
    type: list
    elements: path
    default: []
  executable:
    description: The installed binary (links are followed). The unit is restarted when its main process runs another file.
    type: path
  restart:
    description:
      - Restart a running unit in any case. Give it what the tasks before have changed, so that check mode foretells the restart;
        outside check mode the comparison with O(restart_when_newer) and O(executable) finds that out by itself.
    type: bool
    default: false
  may_restart:
    description:
      - Whether a running unit may be restarted. With V(false) it is not, nothing counts as changed because of that, and RV(reason) says why it should be.
    type: bool
    default: true
  reload:
    description: As O(restart), for a reload.
    type: bool
    default: false
  timeout:
    description: Seconds to wait until the unit is active.
    type: int
    default: 90
"""

EXAMPLES = r"""
- name: Run Redis with this configuration
  onprem.wandb.unit:
    name: redis-server.service
    restart_when_newer: [/etc/redis/redis.conf]
    executable: /usr/bin/redis-server
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [daemon-reload, restart]
reason:
  description: Why the unit was restarted or reloaded, or should be restarted when O(may_restart=false).
  returned: always
  type: str
  sample: /etc/redis/redis.conf changed after the start
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host import unit as host_unit


class Unit:
    """One unit, by systemctl."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.name = module.params["name"]
        self.systemctl = module.get_bin_path("systemctl", required=True)

    def show(self) -> str:
        """Properties as systemctl prints them."""
        return self.run("show", self.name, *(f"--property={name}" for name in host_unit.PROPERTIES))

    def run(self, *arguments: str) -> str:
        """systemctl, or the end with a sentence."""
        code, output, errors = self.module.run_command([self.systemctl, *arguments])
        if code:
            self.module.fail_json(msg=f"systemctl {' '.join(arguments[:2])} failed ({code}): {(errors or output).strip()}")
        return output

    def wait(self) -> None:
        """Until the unit is active, has failed, or the time is over."""
        end = time.monotonic() + self.module.params["timeout"]
        while True:
            output = self.show()
            state = host_unit.parse(output)
            if state.active and not state.busy:
                return
            if (host_unit.failed(output) and not state.busy) or time.monotonic() > end:
                self.give_up(state)
            time.sleep(0.1)

    def give_up(self, state: host_unit.State) -> t.NoReturn:
        """Say what was seen, with the journal's last lines."""
        journal = self.module.run_command(["journalctl", "--unit", self.name, "--lines", "15", "--no-pager", "--output", "cat"])[1]
        self.module.fail_json(
            msg=f"{self.name} is {state.text}, expected active within {self.module.params['timeout']} s. Its last words:\n{journal.strip() or '(none)'}\n"
            f"Next: journalctl -u {self.name}"
        )


def plan(unit: Unit, params: dict[str, t.Any]) -> tuple[list[str], str]:
    """The actions that are missing, and the reason for a restart."""
    state = host_unit.parse(unit.show())
    actions = []
    if state.needs_reload or host_unit.unseen(state):
        actions.append("daemon-reload")
    # A unit written a moment ago is not loaded: systemd looks at the disk when it is asked for, so nothing is to be done here.
    if state.enabled != params["enabled"]:
        actions.append("enable" if params["enabled"] else "disable")
    if params["state"] == "stopped":
        return actions + (["stop"] if state.active or state.busy else []), ""
    if not state.active:
        return [*actions, "start"], ""
    reason = host_unit.restart_reason(state, params["restart_when_newer"], params["executable"])
    if params["restart"] and not reason:
        reason = "this run changes what it reads at its start"
    if reason:
        return ([*actions, "restart"] if params["may_restart"] else actions), reason
    reason = host_unit.reload_reason(state, params["reload_when_newer"])
    if params["reload"] and not reason:
        reason = "this run changes what it reads when it is reloaded"
    return actions + (["reload"] if reason else []), reason


def act(unit: Unit, actions: t.Sequence[str]) -> None:
    """Carry the plan out."""
    for action in actions:
        if action == "daemon-reload":
            unit.run(action)
        elif action in ("enable", "disable", "stop", "reload"):
            unit.run(action, unit.name)
        else:
            # A unit that ran into its start limit may try again: something was changed for it.
            if action == "start":
                unit.run("reset-failed", unit.name)
            unit.run("--no-block", action, unit.name)
            unit.wait()


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "enabled": {"type": "bool", "default": True},
            "state": {"type": "str", "choices": ["started", "stopped"], "default": "started"},
            "restart_when_newer": {"type": "list", "elements": "path", "default": []},
            "executable": {"type": "path"},
            "restart": {"type": "bool", "default": False},
            "may_restart": {"type": "bool", "default": True},
            "reload_when_newer": {"type": "list", "elements": "path", "default": []},
            "reload": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 90},
        },
        supports_check_mode=True,
    )
    unit = Unit(module)
    if not host_unit.parse(unit.show()).loaded and not module.check_mode and module.params["state"] == "started":
        module.fail_json(msg=f"There is no unit {unit.name} on this host. Install the package or write the unit file first.")
    actions, reason = plan(unit, module.params)
    if not module.check_mode:
        act(unit, actions)
    module.exit_json(changed=bool(actions), actions=actions, reason=reason)


if __name__ == "__main__":
    main()
