# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run several measuring modules side by side, in one call; a module that fails is a measurement like any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.module_utils._work import several
from ansible_collections.onprem.wandb.plugins.plugin_utils import _once
from ansible_collections.onprem.wandb.plugins.plugin_utils._here import around, is_here, plain
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.gather import Gatherer
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.questions import arguments, clock, short, why
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify import pod_network

_once.load()

TOGETHER = "onprem.wandb.measurements"
HOST = "onprem.wandb.preflight_facts"  # what it is asked follows from the host's variables, and the host's clock is compared with this machine's


class ActionModule(ActionBase):
    """Never fails: what could not be measured is a row of the report."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        checks = {**topic_checks(self._task.args), **(self._task.args.get("checks") or {})}
        asked: dict[str, dict[str, Any]] = {name: {"module": str(check["module"]), "args": dict(check.get("args") or {})} for name, check in checks.items()}
        hosts = [check for check in asked.values() if check["module"] == HOST]
        if hosts:
            gatherer = Gatherer(self._templar, variables)
            host = gatherer.host(variables["inventory_hostname"])
            for check in hosts:
                check["args"] = arguments(gatherer, host, check["args"])
        found = self.measured(asked, variables) if asked else {}
        for name in [name for name, check in asked.items() if check["module"] == HOST and found[name].get("failed")]:
            found[name] = {**found[name], "measured": {}, "error": found[name]["msg"]}
        return {**result, "changed": False, "measurements": found}

    def measured(self, asked: Mapping[str, Mapping[str, Any]], variables: dict[str, Any]) -> dict[str, Any]:
        """The answers by name; all say the same when the host cannot be asked."""
        if is_here(self, variables):
            return several.run(around(self, []), plain(asked))
        try:
            answer = self._execute_module(module_name=TOGETHER, module_args={"checks": asked}, task_vars=variables)
            found = answer.get("measurements")
            if not isinstance(found, Mapping):
                return unmeasured(asked, why(answer))
            for name, check in asked.items():
                if check["module"] == HOST and not found[name].get("failed"):
                    found[name]["measured"]["clock"] = clock(self._low_level_execute_command)
        except (AnsibleConnectionFailure, AnsibleError) as error:
            return unmeasured(asked, short(str(error)))
        return dict(found)


def unmeasured(names: Iterable[str], reason: str) -> dict[str, Any]:
    """The same answer for all."""
    return {name: {"failed": True, "msg": reason} for name in names}


def topic_checks(args: Mapping[str, Any]) -> dict[str, Any]:
    """What the topics measure whose modules and rows stand side by side."""
    settings, where = args.get("settings") or {}, args.get("where") or ""
    if where == "controller":
        return pod_network.controller_checks(settings)
    if where == "host":
        registered = args.get("here")
        found = registered.get("measurements") if isinstance(registered, Mapping) else None
        return pod_network.host_checks(settings, found or {})
    return {}
