# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real traffic from a pod of this node to pods of all nodes, and names asked in it."""

from __future__ import annotations

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host import netns, pod_network, pod_traffic

TEXT = {"type": "str", "required": True}
SPEC: dict[str, Any] = {
    "node": TEXT,
    "partners": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"node": TEXT, "name": TEXT, "address": TEXT, "port": {"type": "int", "default": 0}},
    },
    "dns_address": {"type": "str", "default": ""},
    "dns_pods": {"type": "list", "elements": "dict", "default": [], "options": {"name": TEXT, "address": TEXT}},
    "cluster_names": {"type": "list", "elements": "str", "default": ["kubernetes.default.svc.cluster.local"]},
    "names": {"type": "list", "elements": "str", "default": []},
    "resolv_conf": {"type": "str", "default": ""},
    "timeout": {"type": "float", "default": 3.0},
}


def servers(params: dict[str, Any]) -> list[dict[str, Any]]:
    """Who is asked in the pod, for what: the service for all names, each pod behind it for the cluster's own."""
    found: list[dict[str, Any]] = []
    if params["dns_address"]:
        names = [*params["cluster_names"], *params["names"]]
        found.append({"role": "service", "server": params["dns_address"], "address": params["dns_address"], "names": names})
    for pod in params["dns_pods"]:
        if pod["address"]:
            found.append({"role": "pod", "server": pod["name"], "address": pod["address"], "names": params["cluster_names"]})
    return found


def upstream(params: dict[str, Any]) -> list[dict[str, Any]]:
    """The nameservers that CoreDNS asks when it runs on this node, for the names outside."""
    addresses = pod_network.resolver("/", params["resolv_conf"])["nameservers"]
    return [{"role": "upstream", "server": address, "address": address, "names": params["names"]} for address in addresses]


def measure(params: dict[str, Any]) -> dict[str, Any]:
    """All of it. What is asked in the pod and what is asked on the node take one time-out each at most."""
    mine = next((partner for partner in params["partners"] if partner["node"] == params["node"]), None)
    others = [partner for partner in params["partners"] if partner["node"] != params["node"]]
    timeout = params["timeout"]
    source, problem, place = "", "", ""
    if mine is None:
        problem = "no pod with a network of its own runs here"
    else:
        place = netns.find(mine["address"])
        problem = "" if place else "no process here has the address %s of pod %s" % (mine["address"], mine["name"])
    inside: dict[str, Any] = {"connections": [], "names": []}

    def question() -> dict[str, Any]:
        return {"connections": pod_traffic.connections(others, timeout) if place else [], "names": pod_traffic.names(servers(params), timeout)}

    try:
        inside = netns.ask(place, question, 3 * timeout + 5)
        source = mine["name"] if mine is not None and place else ""
    except netns.NamespaceError as error:
        problem = str(error)
    return {
        "node": params["node"],
        "source": source,
        "source_problem": problem,
        "from_pod": inside["connections"],
        "from_node": pod_traffic.connections(params["partners"], timeout),
        "names": [*inside["names"], *pod_traffic.names(upstream(params), timeout)],
    }


def run(module: AnsibleModule) -> NoReturn:
    """The module, once its arguments are good."""
    module.exit_json(changed=False, **measure(module.params))
