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

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import cluster_pods
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import ARGUMENTS, Api, ApiStatusError, ClusterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "namespaces": {"type": "list", "elements": "str", "default": ["kube-system"]},
            "wandb_namespace": {"type": "str", "default": "wandb"},
            "wandb_name": {"type": "str", "default": "wandb"},
            "timeout": {"type": "float", "default": 10.0},
        },
        supports_check_mode=True,
    )
    params = module.params
    resource = "/apis/apps.wandb.com/v1/namespaces/%s/weightsandbiases/%s" % (params["wandb_namespace"], params["wandb_name"])
    try:
        found = cluster_pods.look(Api(params["kubeconfig"], params["context"], params["timeout"]), params["namespaces"], resource)
    except (ClusterError, ApiStatusError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
