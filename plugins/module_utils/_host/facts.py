# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The facts that the roles read, by the code of ansible.builtin.setup. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ansible.module_utils.facts import ansible_collector, default_collectors
from ansible.module_utils.facts.namespace import PrefixFactNamespace

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# playbooks/tasks/facts.yml gathers the same where preflight did not.
SUBSET = ["!all", "!min", "platform", "distribution", "network", "hardware", "service_mgr", "pkg_mgr"]
FILTER = [
    "ansible_all_ipv4_addresses",
    "ansible_default_ipv4",
    "ansible_distribution*",
    "ansible_kernel",
    "ansible_memtotal_mb",
    "ansible_os_family",
    "ansible_pkg_mgr",
    "ansible_python_version",
    "ansible_service_mgr",
]


def gather(module: AnsibleModule) -> dict[str, t.Any]:
    """Facts as the module setup returns them."""
    collector = ansible_collector.get_ansible_collector(
        all_collector_classes=default_collectors.collectors,
        namespace=PrefixFactNamespace(namespace_name="ansible", prefix="ansible_"),
        filter_spec=FILTER,
        gather_subset=SUBSET,
        gather_timeout=10,
        minimal_gather_subset=frozenset(),
    )
    return t.cast("dict[str, t.Any]", collector.collect(module=module))
