# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run several measuring modules side by side; a module that fails is a measurement like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify import pod_network
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify.parallel import Job, run_all


class ActionModule(ActionBase):
    """Never fails: what could not be measured is a row of the report."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        args = self._task.args
        checks = {**topic_checks(args), **(args.get("checks") or {})}
        jobs = [self.job(str(check["module"]), dict(check.get("args") or {}), task_vars or {}) for check in checks.values()]
        answers = run_all(jobs)
        return {**result, "changed": False, "measurements": dict(zip(checks, answers))}

    def job(self, module: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> Job:
        """One module, by its action plugin where it has one."""

        def run() -> Any:
            task = self._task.copy()
            task.action, task.args = module, arguments
            action = self._shared_loader_obj.action_loader.get(
                module,
                task=task,
                connection=self._connection,
                play_context=self._play_context,
                loader=self._loader,
                templar=self._templar,
                shared_loader_obj=self._shared_loader_obj,
            )
            if action is not None:
                return plain(action.run(task_vars=task_vars))
            return plain(self._execute_module(module_name=module, module_args=arguments, task_vars=task_vars))

        return run


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


def plain(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without the arguments, among which there are passwords, and with a sentence where the module broke down."""
    found = {key: value for key, value in answer.items() if key not in ("invocation", "exception")}
    if answer.get("failed") and not found.get("msg"):
        event = getattr(answer.get("exception"), "event", None)
        found["msg"] = str(getattr(event, "msg", "") or answer.get("module_stderr") or "the module broke down")
    return found
