# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turn what W&B's SDK met on each machine into rows, print them, and fail when one fails."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify import acceptance, report

CHECK = "client"  # name of the one measurement


class ActionModule(ActionBase):
    """Runs on the controller only, once for all machines."""

    TRANSFERS_FILES = False
    BYPASS_HOST_LOOP = True
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        args, hostvars = self._task.args, (task_vars or {})["hostvars"]
        machines = {}
        for name in args["machines"]:
            registered = hostvars.raw_get(name).get(str(args["register"])) or {}
            measured = (registered.get("measurements") or {}).get(CHECK)
            machines["controller" if name == "localhost" else name] = measured or {"failed": True, "msg": "%s was not asked" % name}
        rows = acceptance.all_rows(machines)
        self._display.display("\n" + report.text(rows, "ACCEPT"))
        files = {"json": str(args.get("json_file") or ""), "junit": str(args.get("junit_file") or "")}
        return {**result, **report.outcome(rows, bool(self._task.check_mode), files)}
