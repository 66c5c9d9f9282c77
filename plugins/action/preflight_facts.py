# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the module of the same name with paths and endpoints of the host, and compare the clocks."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.gather import Gatherer, data_paths
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.interface import EXTERNAL, MANAGED_UNITS
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import KUBE_GROUPS, Host
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules.endpoint import wanted
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules.pod_network import boot_settings, measured_against
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules.network import control_plane_endpoint, external_endpoints, mirror_endpoint
from ansible_collections.onprem.wandb.plugins.plugin_utils._secrets.known import KNOWN

CLOCK_TRIES = 3
GOOD_ENOUGH = 0.3  # seconds of uncertainty


class ActionModule(ActionBase):
    """Never fails: a host that cannot be measured is a finding for the report."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        gatherer = Gatherer(self._templar, self._loader, variables)
        if not gatherer.is_ours(variables["inventory_hostname"]):
            return {**result, "changed": False, "measured": {}, "error": "in none of the collection's groups"}
        host = gatherer.host(variables["inventory_hostname"])
        try:
            answer = self._execute_module(module_args=self.arguments(gatherer, host), task_vars=variables)
            if answer.get("failed"):
                return {**result, "changed": False, "measured": {}, "error": why(answer)}
            measured = {**answer["measured"], "clock": self.clock()}
        except (AnsibleConnectionFailure, AnsibleError) as error:
            return {**result, "changed": False, "measured": {}, "error": short(str(error))}
        return {**result, "changed": False, "measured": measured, "error": ""}

    def arguments(self, gatherer: Gatherer, host: Host) -> dict[str, Any]:
        """Arguments of the task over those that follow from the host's groups."""
        endpoints = mirror_endpoint(host)
        network: dict[str, Any] = {}
        if host.in_any(KUBE_GROUPS):
            endpoints += control_plane_endpoint(host)
            if any(not gatherer.groups.get(group) for group in EXTERNAL):
                endpoints += external_endpoints(gatherer.groups, gatherer.controller())
            network = {"pod_network": measured_against(host, gatherer.controller())}
        unused = [wanted(host)] if host.in_any(["mysql"]) and wanted(host) else []
        own: dict[str, Any] = {"paths": data_paths(host), "endpoints": endpoints, "managed_units": MANAGED_UNITS, "unused": unused, **network}
        own["boot_settings"] = boot_settings(host)
        own["evidence"] = {secret.name: list(secret.evidence) for secret in KNOWN if secret.group == "all" or host.in_any([secret.group])}
        return {**own, **self._task.args}

    def clock(self) -> dict[str, float]:
        """Offset of the host's clock against this machine's: the middle of the shortest of a few questions."""
        best: dict[str, float] = {}
        for _number in range(CLOCK_TRIES):
            before = time.time()
            answer = self._low_level_execute_command("date +%s.%N", sudoable=False)
            after = time.time()
            found = offset(before, after, str(answer.get("stdout", "")))
            if found and (not best or found["uncertainty"] < best["uncertainty"]):
                best = found
            if best and best["uncertainty"] <= GOOD_ENOUGH:
                break
        return best


def offset(before: float, after: float, stdout: str) -> dict[str, float]:
    """The host's time against the middle of the question; the truth lies within half of its duration."""
    words = stdout.split()
    try:
        there = float(words[-1])
    except (IndexError, ValueError):
        return {}
    return {"offset": round(there - (before + after) / 2, 4), "uncertainty": round((after - before) / 2, 4)}


def why(answer: dict[str, Any]) -> str:
    """Why a module failed, in a line."""
    for key in ("module_stderr", "msg"):
        if answer.get(key):
            return short(str(answer[key]))
    return "the measurement failed"


def short(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else text)[:160]
