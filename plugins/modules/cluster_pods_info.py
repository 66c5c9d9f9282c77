#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_pods_info
short_description: The cluster's own workloads, its DNS, and one pod on each node
version_added: 1.0.0
description:
  - Reads what a cluster lives on - the workloads of C(kube-system) and other namespaces, each with why it is not ready - and where cluster DNS runs.
  - Names one pod with a network of its own on each node, between which M(onprem.wandb.pod_network_check) measures. Changes nothing.
  - Needs no Python library; runs where the kubeconfig is, normally on the controller.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
  - onprem.wandb.kubeconfig
options:
  namespaces:
    description: Namespaces whose workloads the cluster lives on.
    type: list
    elements: str
    default: [kube-system]
  wandb_namespace:
    description: Namespace of the C(WeightsAndBiases) resource, which says what names W&B is told.
    type: str
    default: wandb
  wandb_name:
    description: Name of the resource.
    type: str
    default: wandb
  timeout:
    description: Seconds that one request may take.
    type: float
    default: 10
seealso:
  - module: onprem.wandb.pod_network_check
  - module: onprem.wandb.cluster_info
"""

EXAMPLES = r"""
- name: Look at what the cluster lives on
  onprem.wandb.cluster_pods_info:
    kubeconfig: "{{ site_kubeconfig }}"
    namespaces: [kube-system, kube-flannel, traefik]
  delegate_to: localhost
  register: pods
"""

RETURN = r"""
nodes:
  description: Names of the nodes that are Ready.
  returned: success
  type: list
  elements: str
  sample: [cp1, node1, node2]
workloads:
  description: Workloads of the namespaces, and the pods that kubelets run from files. An empty problem is a workload that is as it should be.
  returned: success
  type: list
  elements: dict
  sample:
    - name: Deployment kube-system/coredns
      problem: 1 of 2 pods are available
      details: ["pod coredns-x on node1, container coredns: CrashLoopBackOff", "| [FATAL] plugin/loop: Loop detected"]
      nodes: [node1]
partners:
  description: One pod with a network of its own for each node that has one; port V(0) for a pod that listens nowhere.
  returned: success
  type: list
  elements: dict
  sample: [{node: node1, name: traefik/traefik-x, address: 10.244.1.5, port: 8000}]
dns:
  description: Address of the DNS service, and the pods behind it.
  returned: success
  type: dict
  sample: {address: 10.96.0.10, pods: [{name: coredns-x, node: node1, address: 10.244.1.2, ready: true}]}
names:
  description: Names outside the cluster that W&B is told - database, queue, bucket.
  returned: success
  type: list
  elements: str
  sample: [s3.example.com]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.cluster_pods_info import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
