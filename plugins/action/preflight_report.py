# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge the whole site with every rule and print one report."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight import report
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.gather import Gatherer
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import Finding, Site, joined
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import RULES, credentials, evaluate


class ActionModule(ActionBase):
    """Runs on the controller only, once for all hosts."""

    TRANSFERS_FILES = False
    BYPASS_HOST_LOOP = True
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        gatherer = Gatherer(self._templar, variables)
        site = gatherer.site(variables["ansible_play_hosts_all"], str(self._task.args.get("register", "")))
        for host in site.hosts.values():
            for name in self._task.args.get("variables") or ():
                host.variables.get(str(name))  # whatever cannot be evaluated becomes a finding
        findings = joined(evaluate(site), len(site.hosts))
        secrets = credentials.to_generate(site)
        self._display.display("\n" + report.text(findings, secrets, credentials.directory(site), len(site.hosts), len(RULES)))
        lost = report.keep(str(self._task.args.get("json_file") or ""), json.dumps(report.data(findings, secrets), indent=2) + "\n")
        answer = {**result, "changed": False, **verdict(site, findings)}
        return {**answer, "failed": True, "msg": "%s %s" % (answer["msg"], lost)} if lost else answer


def verdict(site: Site, findings: list[Finding]) -> dict[str, Any]:
    """The result of the task: the report was printed, so one sentence is enough."""
    problems, warnings = report.split(findings)
    summary = {"problem_count": len(problems), "warning_count": len(warnings)}
    if not problems:
        return {**summary, "failed": False, "msg": "%s ready." % report.counted(len(site.hosts), "host")}
    found = report.counted(len(problems), "problem")
    return {**summary, "failed": True, "msg": "Preflight found %s; the report above names each with its remedy. Nothing was changed." % found}
