# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd unit: look, decide, act, wait. PRIVATE to the collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import cri
from ansible_collections.onprem.wandb.plugins.module_utils._host import unit as host_unit

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC = {
    "name": {"type": "str", "required": True},
    "enabled": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["started", "stopped", "as_is"], "default": "started"},
    "restart_when_newer": {"type": "list", "elements": "path", "default": []},
    "executable": {"type": "path"},
    "restart": {"type": "bool", "default": False},
    "may_restart": {"type": "bool", "default": True},
    "reload_when_newer": {"type": "list", "elements": "path", "default": []},
    "reload": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 90},
    "cri": {"type": "path"},
}


class Unit:
    """One unit, by systemctl."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.name = module.params["name"]
        self.systemctl = module.get_bin_path("systemctl", required=True)

    def show(self) -> str:
        """Properties as systemctl prints them."""
        return self.run("show", self.name, *(f"--property={name}" for name in host_unit.PROPERTIES))

    def outdated(self, names: t.Sequence[str]) -> bool:
        """Whether systemd has not read the files of one of these units, or of those that they start.

        A timer that is unchanged keeps the service that it starts in systemd's memory, as it was before the service's file was written.
        """
        asked: set[str] = set()
        while names:
            asked.update(names)
            output = self.run("show", *names, *(f"--property={name}" for name in ("NeedDaemonReload", *host_unit.RELATED)))
            if "NeedDaemonReload=yes" in output.splitlines():
                return True
            names = [name for name in host_unit.related(output) if name not in asked]
        return False

    def run(self, *arguments: str) -> str:
        """systemctl, or the end with a sentence."""
        code, output, errors = self.module.run_command([self.systemctl, *arguments])
        if code:
            unit = arguments[1] if len(arguments) > 1 else ""
            self.module.fail_json(msg=f"systemctl {' '.join(arguments[:2])} failed ({code}): {(errors or output).strip()}. Next: systemctl status {unit}")
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

    def wait_cri(self, path: str) -> None:
        """Until the container runtime itself says that it is ready: its unit is active without that."""
        end = time.monotonic() + self.module.params["timeout"]
        while True:
            said = cri.problem(path, 5)
            if not said:
                return
            if time.monotonic() > end:
                self.module.fail_json(
                    msg=f"The container runtime does not become ready: asked for its Status (CRI) at {path}, {said}; expected RuntimeReady within "
                    f"{self.module.params['timeout']} s. Unit {self.name} is active. Last journal lines:\n{self.journal()}\n"
                    f"Next: journalctl -u {self.name}"
                )
            time.sleep(0.2)

    def journal(self) -> str:
        """Its last lines."""
        command = ["journalctl", "--unit", self.name, "--lines", "15", "--no-pager", "--output", "cat"]
        return self.module.run_command(command)[1].strip() or "(none)"

    def give_up(self, state: host_unit.State) -> t.NoReturn:
        """Say what was seen, with the journal's last lines."""
        self.module.fail_json(
            msg=f"{self.name} is {state.text}, expected active within {self.module.params['timeout']} s. Last journal lines:\n{self.journal()}\n"
            f"Next: journalctl -u {self.name}"
        )


def plan(unit: Unit, params: dict[str, t.Any]) -> tuple[list[str], str]:
    """The actions that are missing, and the reason for a restart."""
    state = host_unit.parse(unit.show())
    actions = []
    if state.needs_reload or host_unit.unseen(state) or (state.related and unit.outdated(state.related)):
        actions.append("daemon-reload")
    # A unit written a moment ago is not loaded: systemd looks at the disk when it is asked for, so nothing is to be done here.
    as_is = params["state"] == "as_is"
    if state.enabled != params["enabled"] and not as_is:
        actions.append("enable" if params["enabled"] else "disable")
    if params["state"] == "stopped":
        return actions + (["stop"] if state.active or state.busy or state.restarting else []), ""
    if not state.active:
        return (actions if as_is else [*actions, "start"]), ""
    reason = host_unit.restart_reason(state, params["restart_when_newer"], params["executable"])
    if params["restart"] and not reason:
        reason = "this run changes what it reads at its start"
    if reason:
        # What has come to its end in between is not begun again.
        return ([*actions, "try-restart" if as_is else "restart"] if params["may_restart"] else actions), reason
    reason = host_unit.reload_reason(state, params["reload_when_newer"])
    if params["reload"] and not reason:
        reason = "this run changes what it reads when it is reloaded"
    return actions + (["reload"] if reason else []), reason


def act(unit: Unit, actions: t.Sequence[str]) -> None:
    """Carry the plan out."""
    for action in actions:
        if action == "daemon-reload":
            unit.run(action)
        elif action in ("enable", "disable", "stop", "reload", "try-restart"):
            unit.run(action, unit.name)
        else:
            # A unit that ran into its start limit may try again: something was changed for it.
            if action == "start":
                unit.run("reset-failed", unit.name)
            unit.run("--no-block", action, unit.name)
            unit.wait()


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """The work of one call."""
    unit = Unit(module)
    if not host_unit.parse(unit.show()).loaded and not module.check_mode and module.params["state"] == "started":
        module.fail_json(msg=f"There is no unit {unit.name} on this host. Install the package or write the unit file first.")
    actions, reason = plan(unit, module.params)
    if not module.check_mode:
        act(unit, actions)
        if module.params["cri"]:
            unit.wait_cri(module.params["cri"])
    return {"changed": bool(actions), "actions": actions, "reason": reason}
