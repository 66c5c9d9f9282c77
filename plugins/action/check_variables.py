# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuse wrong variables of one role on one host, or of a playbook's roles on all its hosts, by the rules that preflight has, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.onprem.wandb.plugins.plugin_utils import _once
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.gather import Gatherer
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.interface import SITE_OPTIONS
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import CONTROLLER, PROBLEM, Finding, Host, joined
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import variables as by_options
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.values import read_file, sentence
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules import ON_CALL, ROLES, judge
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules.model import Place
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules.model import sentence as told

_once.load()


class TaskVariables:
    """Variables as the role sees them, evaluated when a rule asks."""

    def __init__(self, templar: Any, variables: Mapping[str, Any]) -> None:
        self._templar = templar
        self._variables = variables
        self.errors: dict[str, str] = {}

    def is_supplied(self, name: str) -> bool:
        return name in self._variables

    def supplied(self) -> Iterable[str]:
        return self._variables

    def get(self, name: str) -> Any:
        if name not in self._variables:
            return None
        try:
            return self._templar.template(self._variables[name])
        except AnsibleError as error:
            self.errors[name] = sentence(error)
            return None


class ActionModule(ActionBase):
    """Runs on the controller only, once for each host."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        roles = self._task.args.get("roles")
        if roles is not None:
            return {**result, "changed": False, **verdict(self.by_options([str(role) for role in roles], variables), {})}
        role = str(self._task.args.get("role", ""))
        if role not in ROLES | ON_CALL:
            raise AnsibleError("role is %s; expected one of %s." % (role or "empty", ", ".join(ROLES | ON_CALL)))
        name = str(variables.get("inventory_hostname", CONTROLLER))
        groups = {group: list(hosts) for group, hosts in variables["groups"].items()}
        host = Host(name, frozenset(group for group, hosts in groups.items() if name in hosts), TaskVariables(self._templar, variables))
        found = list(judge(role, Place(host, groups, read_file, installing=not self._task.check_mode)))
        return {**result, "changed": False, **verdict(found, host.variables.errors)}

    def by_options(self, roles: list[str], variables: Mapping[str, Any]) -> list[Finding]:
        """What the argument specs of roles say of every host of the play."""
        site = Gatherer(self._templar, variables).site_of({name: {} for name in variables["ansible_play_hosts_all"]})
        missing = [role for role in roles if role not in site.specs]
        if missing:
            raise AnsibleError("roles has %s; expected some of %s." % (", ".join(missing), ", ".join(sorted(site.specs))))
        site.specs = {role: site.specs[role] for role in roles}
        found = (finding for rule in by_options.BY_OPTIONS for finding in rule(site))
        # A variable of the site that is not set is missed by the site, not by a layer that works without it.
        meant = [finding for finding in found if finding.variable not in SITE_OPTIONS or site.controller.variables.is_supplied(finding.variable)]
        return joined(meant, len(site.hosts))


def verdict(found: list[Finding], errors: Mapping[str, str]) -> dict[str, Any]:
    """The result of the task: sentences for problems, warnings for the rest."""
    problems = [told(finding) for finding in found if finding.severity == PROBLEM]
    # A lookup that says what to do is heard once, however many variables ask it.
    problems += dict.fromkeys(reason for reason in errors.values() if "Next: " in reason)
    problems += [
        f"{name} cannot be evaluated: {reason}. Next: ansible-inventory -i <inventory> --list shows its value; correct it there."
        for name, reason in errors.items()
        if "Next: " not in reason
    ]
    warnings = [told(finding) for finding in found if finding.severity != PROBLEM]
    if not problems:
        return {"failed": False, "warnings": warnings}
    return {"failed": True, "msg": "\n".join([*problems, "Nothing was changed."]), "warnings": warnings}
