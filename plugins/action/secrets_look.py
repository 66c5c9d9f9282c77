# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare names with the controller's files; ask the host only when one is missing."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.plugin_utils import _once
from ansible_collections.onprem.wandb.plugins.plugin_utils._secrets import known, store

_once.load()


class ActionModule(ActionBase):
    """Makes nothing."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        directory, names = str(self._task.args["directory"]), [str(name) for name in self._task.args.get("names") or ()]
        try:
            evidence = {name: list(known.of(name).evidence) for name in store.missing(directory, names)}
        except ValueError as error:
            return {**result, "failed": True, "msg": str(error)}
        if not evidence:
            return {**result, "changed": False, "missing": [], "found": {}}
        return self._execute_module(module_args={"directory": directory, "names": list(evidence), "evidence": evidence}, task_vars=task_vars)
