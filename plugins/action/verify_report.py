# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turn measurements into rows, print them, and fail when one fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.gather import Gatherer
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import Finding
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import hosts as host_rules
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import identity
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify import report
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify.model import Facts
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify.rows import all_rows


class ActionModule(ActionBase):
    """Runs on the controller only, once for all hosts."""

    TRANSFERS_FILES = False
    BYPASS_HOST_LOOP = True
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        args = self._task.args
        rows = all_rows(self.facts(task_vars or {}))
        self._display.display("\n" + report.text(rows))
        files = {"json": str(args.get("json_file") or ""), "junit": str(args.get("junit_file") or "")}
        return {**result, **report.outcome(rows, bool(self._task.check_mode), files)}

    def facts(self, variables: Mapping[str, Any]) -> Facts:
        """The measurements of all hosts of the play, and what preflight's rules say about them."""
        args = self._task.args
        register = str(args.get("register", ""))
        hostvars = variables["hostvars"]
        gatherer = Gatherer(self._templar, variables)
        measured = {name: measurements(hostvars.raw_get(name).get(register)) for name in variables["ansible_play_hosts_all"] if gatherer.is_ours(name)}
        for name, found in measured.items():
            found.setdefault("host", {"failed": True, "msg": "%s was not measured" % name})
        site = gatherer.site_of({name: found["host"] for name, found in measured.items()})
        controller = measurements(args.get("controller"))
        settings = {**dict(args.get("settings") or {}), "check_mode": bool(self._task.check_mode)}
        sized = [*host_rules.resources(site), *host_rules.number_of_nodes(site)]
        return Facts(gatherer.groups, measured, controller, settings, [line(item) for item in sized], [line(item) for item in identity.clocks(site)])


def measurements(registered: Any) -> dict[str, Any]:
    """What verify_measure registered; nothing when it did not run."""
    found = registered.get("measurements") if isinstance(registered, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def line(finding: Finding) -> str:
    """A finding of preflight in a few words."""
    return "%s: %s %s, expected %s" % (finding.host, finding.variable, finding.value, finding.expected)
