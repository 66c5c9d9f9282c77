# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: the site as the rules see it. No Ansible in here, so that a test builds a site from dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

PROBLEM = "problem"
WARNING = "warning"
CONTROLLER = "localhost"
SITE = "site"  # the host column of a finding about the inventory as a whole
KUBE_GROUPS = ("kube_control_plane", "kube_node")
KNOWN_GROUPS = (*KUBE_GROUPS, "mysql", "redis", "minio")


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    host: str
    variable: str
    value: str
    expected: str
    remedy: str
    severity: str = PROBLEM


class Variables(Protocol):
    """Variables of one host: what the inventory supplies over what the roles default to."""

    errors: dict[str, str]

    def is_supplied(self, name: str) -> bool:
        """Whether the inventory or the command line sets the variable."""

    def supplied(self) -> Iterable[str]:
        """Names that the inventory or the command line sets."""

    def get(self, name: str) -> Any:
        """The value, None when it is undefined or cannot be templated (then `errors` says why)."""


class PlainVariables:
    """Variables out of two dictionaries."""

    def __init__(self, supplied: Mapping[str, Any] | None = None, defaults: Mapping[str, Any] | None = None) -> None:
        self._supplied = dict(supplied or {})
        self._defaults = dict(defaults or {})
        self.errors: dict[str, str] = {}

    def is_supplied(self, name: str) -> bool:
        return name in self._supplied

    def supplied(self) -> Iterable[str]:
        return self._supplied

    def get(self, name: str) -> Any:
        return self._supplied.get(name, self._defaults.get(name))


@dataclass
class Host:
    """One host of the inventory, or the controller."""

    name: str
    groups: frozenset[str] = frozenset()
    variables: Variables = field(default_factory=PlainVariables)
    measured: dict[str, Any] = field(default_factory=dict)
    error: str = ""  # why there are no measurements

    def text(self, name: str, default: str = "") -> str:
        """A variable as text; the default when it is empty. Wrong types are the business of the rule about types."""
        value = self.variables.get(name)
        return default if value is None or value == "" or isinstance(value, (list, dict)) else str(value)

    def number(self, name: str, default: int = 0) -> int:
        value = self.variables.get(name)
        if isinstance(value, str) and value.isdigit():
            return int(value)
        return value if isinstance(value, int) and not isinstance(value, bool) else default

    def flag(self, name: str) -> bool:
        return self.variables.get(name) is True

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.variables.get(name)
        return dict(value) if isinstance(value, Mapping) else {}

    def texts(self, name: str) -> list[str]:
        value = self.variables.get(name)
        return [str(item) for item in value] if isinstance(value, (list, tuple)) else []

    def in_any(self, groups: Iterable[str]) -> bool:
        return not self.groups.isdisjoint(groups)


def no_file(_path: str) -> bytes | None:
    """The reader of a site without files."""
    return None


@dataclass
class Site:
    """All hosts of this run, the controller, and what the collection knows about its own variables."""

    hosts: dict[str, Host]
    controller: Host
    groups: dict[str, list[str]]
    specs: dict[str, dict[str, Any]] = field(default_factory=dict)  # role -> options of its argument spec
    catalogue: Any = None  # None when the collection has no catalogue
    read_file: Callable[[str], bytes | None] = no_file
    environment: Mapping[str, str] = field(default_factory=dict)  # HTTP proxies of the controller's environment
    libraries: Mapping[str, str] = field(default_factory=dict)  # Python packages of the controller and their versions, empty where one is missing
    limited: bool = False  # --limit: some hosts of the inventory are not part of this run

    def members(self, *groups: str) -> list[Host]:
        """Hosts of this run that are in one of the groups, in the order of the inventory."""
        names = dict.fromkeys(name for group in groups for name in self.groups.get(group, []))
        return [self.hosts[name] for name in names if name in self.hosts]

    def measured(self, *groups: str) -> list[Host]:
        """Hosts with measurements; without groups all of them."""
        hosts = self.members(*groups) if groups else list(self.hosts.values())
        return [host for host in hosts if host.measured]

    def has(self, group: str) -> bool:
        """Whether a layer is ours: its group has hosts."""
        return bool(self.groups.get(group))

    def targets(self, role: str) -> list[Host]:
        """Hosts on which a role runs, which is where its variables are looked at."""
        groups = ROLE_TARGETS.get(role, CONTROLLER)
        if groups == "all":
            return list(self.hosts.values())
        if groups == CONTROLLER:
            return [self.controller]
        return self.members(*groups)

    def view(self, *groups: str) -> Host:
        """Where a variable of a layer is read: its first host, or the controller when there is none."""
        members = self.members(*groups)
        return members[0] if members else self.controller


ROLE_TARGETS: dict[str, Any] = {
    "preflight": "all",
    "host": "all",
    "containerd": KUBE_GROUPS,
    "kubernetes": KUBE_GROUPS,
    "mysql": ("mysql",),
    "mysql_backup": ("mysql",),
    "redis": ("redis",),
    "minio": ("minio",),
    "minio_backup": ("minio",),
    # all others talk to the Kubernetes API or write files, from the controller
}

Rule = Callable[[Site], Iterable[Finding]]


def joined(findings: Iterable[Finding], all_hosts: int) -> list[Finding]:
    """The same finding on several hosts becomes one line; problems first."""
    hosts: dict[Finding, list[str]] = {}
    for finding in findings:
        key = Finding("", finding.variable, finding.value, finding.expected, finding.remedy, finding.severity)
        names = hosts.setdefault(key, [])
        if finding.host not in names:
            names.append(finding.host)
    lines = []
    for key, names in hosts.items():
        host = "all hosts" if len(names) > 2 and len(names) >= all_hosts else ", ".join(names)
        lines.append(Finding(host, key.variable, key.value, key.expected, key.remedy, key.severity))
    return sorted(lines, key=lambda line: line.severity != PROBLEM)
