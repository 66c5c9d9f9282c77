# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Print a report for people."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.plugin_utils import _report

SPEC = {
    "title": {"type": "str", "default": ""},
    "lines": {"type": "list", "elements": "str", "required": True},
    "folded": {"type": "bool", "default": True},
}


class ActionModule(ActionBase):
    """Runs on the controller only."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(SPEC)
        # Not in the result, too: a callback that shows results would print it again as data.
        self._display.display(_report.text(arguments["title"], arguments["lines"], folded=arguments["folded"]))
        return {**result, "changed": False}
