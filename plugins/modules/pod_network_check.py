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

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.pod_network_check import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
