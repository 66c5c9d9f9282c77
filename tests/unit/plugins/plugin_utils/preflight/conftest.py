# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small healthy site out of dictionaries; a test breaks one thing in it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import CONTROLLER, Finding, Host, PlainVariables, Site

HEALTHY: dict[str, Any] = {
    "machine_id": "",
    "product_uuid": "",
    "architecture": "x86_64",
    "kernel": "6.12.0-1-amd64",
    "python": "3.11.2",
    "os": {"id": "debian", "id_like": [], "version": "12", "name": "Debian GNU/Linux 12 (bookworm)"},
    "cpus": 16,
    "memory_mb": 131072,
    "swap": [],
    "cgroup": {"version": 2, "filesystem": "cgroup2"},
    "default_route": True,
    "addresses": [],
    "disks": [{"path": "/var/lib/mysql", "probed": "/var/lib", "device": 1, "total_gb": 1000.0, "free_gb": 900.0}],
    "drives": [],
    "noexec": {},
    "interpreter": {"path": "/usr/bin/python3", "distribution": True, "pymysql": False},
    "mysql_before": {"alias": "", "directory": "/var/lib/mysql", "files": []},
    "hosts_writer": "",
    "ports": [],
    "endpoints": [],
    "answering": {},
    "evidence": {},
    "mysql_data": {},
    "firewall": {"manager": "", "places": [], "dropped": [], "unkept": ""},
    "proxies": {},
    "service_proxies": {},
    "packages": {"lacking": [], "silent": []},
    "undone": [],
    "clock": {"offset": 0.0, "uncertainty": 0.01},
}
GROUPS = {
    "kube_control_plane": ["cp1"],
    "kube_node": ["node1", "node2", "node3"],
    "mysql": ["db1", "db2"],
    "redis": ["store1"],
    "minio": ["store1"],
}
SUPPLIED: dict[str, Any] = {
    "site_name": "test",
    "site_secrets_dir": "/secrets",
    "wandb_fqdn": "wandb.example.com",
    "minio_fqdn": "s3.example.com",
    "kubernetes_version": "1.36.4",
    "containerd_version": "2.3.4",
    "kubernetes_pod_cidr": "10.244.0.0/16",
    "kubernetes_service_cidr": "10.96.0.0/12",
    "mysql_version": "8.4.9",
    "mysql_primary": "db1",
    "mysql_endpoint_address": "192.0.2.200",
    "redis_version": "7.2",
}


def measurements(name: str, number: int) -> dict[str, Any]:
    """What a healthy host says about itself."""
    found = copy.deepcopy(HEALTHY)
    found.update(hostname=name, machine_id="%032x" % number, product_uuid="uuid-%d" % number, addresses=["192.0.2.%d/24" % number])
    return found


@pytest.fixture
def site() -> Callable[..., Site]:
    """Build a site: variables for all, then per host variables and measurements that differ."""

    def build(
        supplied: dict[str, Any] | None = None,
        hosts: dict[str, dict[str, Any]] | None = None,
        measured: dict[str, dict[str, Any]] | None = None,
        groups: dict[str, list[str]] | None = None,
        files: dict[str, bytes] | None = None,
        **rest: Any,
    ) -> Site:
        members = GROUPS if groups is None else groups
        everywhere = {key: value for key, value in {**SUPPLIED, **(supplied or {})}.items() if value is not ...}
        built = {}
        for number, name in enumerate(dict.fromkeys(name for names in members.values() for name in names), 1):
            own = {**everywhere, "ansible_host": "192.0.2.%d" % number, **(hosts or {}).get(name, {})}
            found = {**measurements(name, number), **(measured or {}).get(name, {})}
            built[name] = Host(name, frozenset(group for group in members if name in members[group]), PlainVariables(own), found)
        controller = Host(CONTROLLER, frozenset(), PlainVariables(everywhere))
        all_groups = {**members, "all": list(built)}
        return Site(built, controller, all_groups, read_file=(files or {}).get, **rest)

    return build


@pytest.fixture
def found() -> Callable[[Iterable[Finding]], list[tuple[str, str, str]]]:
    """Findings as short tuples."""

    def shorten(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
        return [(item.host, item.variable, item.severity) for item in findings]

    return shorten
