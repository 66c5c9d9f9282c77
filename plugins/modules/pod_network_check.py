#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pod_network_check
short_description: Real traffic from a pod of this node to pods of all nodes, and names asked in it
version_added: 1.0.0
description:
  - Enters the network of a pod that runs on this node, and from there opens TCP connections to a pod on each other node, and asks cluster DNS.
  - Does the same from the node's own network, and asks the nameservers that CoreDNS on this node would ask.
  - Starts no pod, pulls no image and changes nothing. What does not answer is a result and no failure.
  - Runs as root on a node. The pods come from M(onprem.wandb.cluster_pods_info).
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
options:
  node:
    description: Name of this node in the cluster.
    type: str
    required: true
  partners:
    description: One pod with a network of its own for each node, as M(onprem.wandb.cluster_pods_info) returns them.
    type: list
    elements: dict
    default: []
    suboptions:
      node:
        description: The node that it runs on.
        type: str
        required: true
      name:
        description: What it is called in the result.
        type: str
        required: true
      address:
        description: Its IPv4 address.
        type: str
        required: true
      port:
        description: TCP port on which it listens; V(0) for one that listens nowhere, which others do not connect to.
        type: int
        default: 0
  dns_address:
    description: Address of the DNS service of the cluster; empty to ask none.
    type: str
    default: ""
  dns_pods:
    description: The pods behind it, which are asked one by one.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the pod.
        type: str
        required: true
      address:
        description: Its address.
        type: str
        required: true
  cluster_names:
    description: Names of the cluster.
    type: list
    elements: str
    default: [kubernetes.default.svc.cluster.local]
  names:
    description: Names outside the cluster that pods must resolve.
    type: list
    elements: str
    default: []
  resolv_conf:
    description: C(resolvConf) of the kubelet, where its configuration names none.
    type: str
    default: ""
  timeout:
    description: Seconds that one connection or question may take.
    type: float
    default: 3
seealso:
  - module: onprem.wandb.cluster_pods_info
"""

EXAMPLES = r"""
- name: Measure between the pods
  onprem.wandb.pod_network_check:
    node: "{{ inventory_hostname }}"
    partners: "{{ pods.partners }}"
    dns_address: "{{ pods.dns.address }}"
    dns_pods: "{{ pods.dns.pods }}"
    names: "{{ pods.names }}"
  register: traffic
"""

RETURN = r"""
node:
  description: Name of this node.
  returned: always
  type: str
  sample: node1
source:
  description: The pod whose network was entered; empty when this node has none, or it cannot be entered.
  returned: always
  type: str
  sample: traefik/traefik-x
source_problem:
  description: Why there is none.
  returned: always
  type: str
  sample: ""
from_pod:
  description: Connections from the pod to a pod of each other node. An empty error is a connection.
  returned: always
  type: list
  elements: dict
  sample: [{node: node2, pod: traefik/traefik-y, address: 10.244.2.5, port: 8000, error: "", milliseconds: 0.8}]
from_node:
  description: Connections from the node's own network to a pod of each node.
  returned: always
  type: list
  elements: dict
  sample: [{node: node2, pod: traefik/traefik-y, address: 10.244.2.5, port: 8000, error: "", milliseconds: 0.6}]
names:
  description: Names asked of the DNS service, of each pod behind it (role V(pod)), both from the pod's network, and of the nameservers of this node.
  returned: always
  type: list
  elements: dict
  sample: [{role: service, server: 10.96.0.10, name: s3.example.com, addresses: [192.0.2.31], error: ""}]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host import netns, pod_network, pod_traffic


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


def main() -> None:
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "node": text,
            "partners": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {"node": text, "name": text, "address": text, "port": {"type": "int", "default": 0}},
            },
            "dns_address": {"type": "str", "default": ""},
            "dns_pods": {"type": "list", "elements": "dict", "default": [], "options": {"name": text, "address": text}},
            "cluster_names": {"type": "list", "elements": "str", "default": ["kubernetes.default.svc.cluster.local"]},
            "names": {"type": "list", "elements": "str", "default": []},
            "resolv_conf": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 3.0},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **measure(module.params))


if __name__ == "__main__":
    main()
