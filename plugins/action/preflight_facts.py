# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the module of the same name with paths and endpoints of the host, and compare the clocks."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.plugin_utils import _once
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.gather import Gatherer
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.questions import arguments, clock, short, why

_once.load()


class ActionModule(ActionBase):
    """Never fails: a host that cannot be measured is a finding for the report."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        gatherer = Gatherer(self._templar, variables)
        if not gatherer.is_ours(variables["inventory_hostname"]):
            return {**result, "changed": False, "measured": {}, "error": "in none of the collection's groups"}
        asked = arguments(gatherer, gatherer.host(variables["inventory_hostname"]), self._task.args)
        try:
            answer = self._execute_module(module_args=asked, task_vars=variables)
            if answer.get("failed"):
                return {**result, "changed": False, "measured": {}, "error": why(answer)}
            measured = {**answer["measured"], "clock": clock(self._low_level_execute_command)}
        except (AnsibleConnectionFailure, AnsibleError) as error:
            return {**result, "changed": False, "measured": {}, "error": short(str(error))}
        facts = {"ansible_facts": answer["ansible_facts"]} if answer.get("ansible_facts") else {}
        return {**result, "changed": False, "measured": measured, "error": "", **facts}
