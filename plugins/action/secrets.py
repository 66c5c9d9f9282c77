# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one place where passwords and keys are made."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.module_utils._host.lock import Locked
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import KNOWN_GROUPS
from ansible_collections.onprem.wandb.plugins.plugin_utils._secrets import judge, store


class ActionModule(ActionBase):
    """Runs on the controller only, once for all hosts."""

    TRANSFERS_FILES = False
    BYPASS_HOST_LOOP = True
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables, args = task_vars or {}, self._task.args
        directory = str(args["directory"])
        names = [str(name) for name in args.get("names") or ()]
        if args.get("looked"):
            members = self.members(variables, str(args.get("group") or ""))
            hosts = dict.fromkeys([*variables["ansible_play_hosts_all"], *members])
            looked = {host: look for host in hosts if "missing" in (look := self.registered(variables, host, str(args["looked"])))}
            names = store.missing(directory, names) + judge.missing_names(looked)
            names = list(dict.fromkeys(names))
            site_name = str(self._templar.template(variables.get("site_name", "")) or "")
            problem = judge.refusal(directory, names, members, looked, site_name, str(args.get("accept_new") or ""))
            if problem:
                return {**result, "failed": True, "changed": False, "msg": problem}
        if args.get("judge_only"):
            return {**result, "changed": False, "made": []}
        wanted = store.missing(directory, names)
        if self._task.check_mode or not wanted:
            return {**result, "changed": bool(wanted), "made": wanted}
        try:
            made = store.make(directory, wanted)
        except (Locked, OSError) as error:
            return {**result, "failed": True, "changed": False, "msg": str(error)}
        return {**result, "changed": bool(made), "made": made}

    def registered(self, variables: dict[str, Any], host: str, name: str) -> dict[str, Any]:
        """What a task registered on a host; nothing when it did not run there."""
        found = variables["hostvars"].raw_get(host).get(name)
        return dict(found) if isinstance(found, dict) else {}

    @staticmethod
    def members(variables: dict[str, Any], group: str) -> list[str]:
        groups = KNOWN_GROUPS if group == "all" else (group,)
        return list(dict.fromkeys(host for name in groups for host in variables["groups"].get(name, [])))
