# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: from Ansible's variables to the site that the rules judge."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleError

from ...module_utils._host import proxies
from .. import _catalogue, _minio_volumes
from .interface import DATA_PATHS
from .model import CONTROLLER, KNOWN_GROUPS, KUBE_GROUPS, ROLE_TARGETS, Host, Site
from .rules.controller import LIBRARIES
from .values import TemplatedVariables, load_options, load_variables, read_file

DEFAULTS = "defaults/main.yml"
PRIVATE = "vars/main.yml"  # defaults refer to them


def of_roles() -> dict[str, dict[str, Any]]:
    """Defaults and private variables of every role."""
    defaults, private = load_variables(DEFAULTS), load_variables(PRIVATE)
    return {role: {**defaults.get(role, {}), **private.get(role, {})} for role in {**defaults, **private}}


# Ansible imports an action plugin before it forks a process for each host: what is read here is read once for all of them.
OF_ROLES = of_roles()


def roles_of(groups: Iterable[str]) -> list[str]:
    """Roles that run on a host of these groups."""
    names = set(groups)
    return [role for role, target in ROLE_TARGETS.items() if target == "all" or not names.isdisjoint(target)]


def defaults_for(defaults: Mapping[str, dict[str, Any]], groups: Iterable[str], controller: bool) -> dict[str, Any]:
    """Defaults of the roles that run on a host. The controller runs all roles that ROLE_TARGETS does not name."""
    wanted = [role for role in defaults if role not in ROLE_TARGETS] + ["preflight"] if controller else roles_of(groups)
    merged: dict[str, Any] = {}
    for role in wanted:
        merged.update(defaults.get(role, {}))
    return merged


class Gatherer:
    """Builds hosts with their variables. One per task."""

    def __init__(self, templar: Any, task_vars: Mapping[str, Any]) -> None:
        self._templar = templar
        self._hostvars = task_vars["hostvars"]
        self._place = {name: task_vars[name] for name in ("inventory_dir", "inventory_file", "ansible_inventory_sources") if task_vars.get(name)}
        self._defaults = OF_ROLES
        self.groups = {name: list(hosts) for name, hosts in task_vars["groups"].items()}

    def _raw(self, name: str) -> dict[str, Any]:
        """Variables of a host before templating. The implicit localhost is in no inventory: it gets the place of the others' inventory."""
        return {**self._place, **self._hostvars.raw_get(name), "hostvars": self._hostvars}

    def is_ours(self, name: str) -> bool:
        """Whether a host is in a group that this collection knows."""
        return any(name in self.groups.get(group, []) for group in KNOWN_GROUPS)

    def host(self, name: str, measurement: Mapping[str, Any] | None = None) -> Host:
        """A host of the inventory, or the controller."""
        raw = self._raw(name)
        groups = frozenset(group for group, members in self.groups.items() if name in members)
        defaults = defaults_for(self._defaults, groups, name == CONTROLLER and name not in self.groups.get("all", []))
        variables = TemplatedVariables(self._templar, raw, defaults)
        found = dict(measurement or {})
        return Host(name, groups, variables, dict(found.get("measured") or {}), str(found.get("error") or ""))

    def with_facts(self, name: str, role: str, facts: Mapping[str, Any]) -> Host:
        """A host as one role would see it, were these the facts about it."""
        return Host(name, frozenset(), TemplatedVariables(self._templar, {**self._raw(name), "ansible_facts": dict(facts)}, self._defaults.get(role, {})))

    def ours(self) -> list[Host]:
        """Every host of our groups, in the order of the groups, without measurements."""
        return [self.host(name) for name in dict.fromkeys(name for group in KNOWN_GROUPS for name in self.groups.get(group, []))]

    def controller(self) -> Host:
        """The controller; it runs the roles that talk to the cluster even where the inventory lists localhost."""
        raw = self._raw(CONTROLLER)
        return Host(CONTROLLER, frozenset(), TemplatedVariables(self._templar, raw, defaults_for(self._defaults, (), True)))

    def site(self, names: Iterable[str], register: str) -> Site:
        """The whole site with the measurements that were registered per host."""
        return self.site_of({name: self._hostvars.raw_get(name).get(register) for name in names})

    def site_of(self, measurements: Mapping[str, Any]) -> Site:
        """The whole site with the given measurements. Hosts in none of our groups are somebody else's business."""
        hosts = {name: self.host(name, found or {"error": "was not measured"}) for name, found in measurements.items() if self.is_ours(name)}
        controller = self.controller()
        limited = set(hosts) < {name for name in self.groups.get("all", []) if self.is_ours(name)}
        environment = proxies.of_environment(os.environ)
        return Site(hosts, controller, self.groups, load_options(), catalogue(controller), read_file, environment, libraries(LIBRARIES), limited)


def libraries(names: Iterable[str]) -> dict[str, str]:
    """Versions of this Python's packages: what runs on the controller runs with the Python that Ansible runs with."""
    found = dict.fromkeys(names, "")
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def catalogue(controller: Host) -> Any:
    """The catalogue with the site's overrides; None when these are wrong, which the rule about types reports."""
    try:
        return _catalogue.merge(_catalogue.load(), controller.mapping("artifacts_overrides"))
    except _catalogue.CatalogueError as error:
        controller.variables.errors["artifacts_overrides"] = str(error)
    except (OSError, AnsibleError):
        return None
    return None


def minio_drives(host: Host) -> list[str]:
    """Directories of the object store on a host; none when the expression is wrong, which is a finding of its own."""
    try:
        return _minio_volumes.drives(host.texts("minio_volumes"), host.texts("minio_host_names"))
    except ValueError:
        return []


def data_paths(host: Host) -> list[str]:
    """Paths whose file systems will hold data of a host's services."""
    found: list[str] = []
    for group, variable, default in DATA_PATHS:
        if not host.in_any(KUBE_GROUPS if group == "kube" else (group,)):
            continue
        value = host.variables.get(variable) if variable else None
        values = minio_drives(host) if variable == "minio_volumes" else [value]
        found += [str(item) for item in values if isinstance(item, str) and item.startswith("/")] or [default]
    return list(dict.fromkeys(found))
