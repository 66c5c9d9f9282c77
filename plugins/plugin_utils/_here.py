# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: modules that mostly run on the controller do their work in Ansible's own process there.

Ansible has forked a process for the task already. As a module it would start a second Python, pack and unpack the code and import everything again: half a
second for each task, with one of two cores idle. Anywhere else than on this machine, and under another user, Python or environment, the module runs as a
module.
"""

from __future__ import annotations

import importlib
import json
import types
from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.plugins.connection.local import Connection as Local
from ansible_collections.onprem.wandb.plugins.module_utils._work.alone import result_of


def is_here(action: ActionBase, variables: Mapping[str, Any]) -> bool:
    """Whether the module would run on this machine, as this user and with this Python."""
    task, connection = action._task, action._connection
    if not isinstance(connection, Local) or connection.become or task.async_val or any(task.environment or []):
        return False
    chosen = action._templar.template(variables.get("ansible_python_interpreter", ""))
    return bool(chosen) and str(chosen) == str(variables.get("ansible_playbook_python"))


def around(action: ActionBase, warnings: list[str]) -> Any:
    """What the work asks a module for besides its arguments."""
    return types.SimpleNamespace(check_mode=bool(action._task.check_mode), _diff=bool(action._task.diff), warn=warnings.append)


def plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as a module gets them."""
    return dict(json.loads(json.dumps(arguments)))


class Here(ActionBase):
    """The action plugin of such a module."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    WORK: types.ModuleType | None = None  # None: loaded when the task runs

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        if not is_here(self, variables):
            return {**result, **self._execute_module(task_vars=variables)}
        warnings: list[str] = []
        work = self.WORK or importlib.import_module("ansible_collections.onprem.wandb.plugins.module_utils._work.%s" % self._task.action.rpartition(".")[2])
        found = result_of(work, around(self, warnings), plain(self._task.args))
        return {**result, **found, **({"warnings": warnings} if warnings else {})}
