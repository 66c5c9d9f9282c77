#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: What W&B needs to know about a Kubernetes cluster
version_added: 1.0.0
description:
  - Reads version, nodes, classes of storage and ingress, claims without a volume, and the Ingress objects of one namespace. Changes nothing.
  - Needs no Python library; runs where the kubeconfig is, normally on the controller.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
  - onprem.wandb.kubeconfig
options:
  namespace:
    description: Namespace whose Ingress objects and workloads are returned.
    type: str
    default: wandb
  helm_binary:
    description: A helm program whose version is returned; empty for none.
    type: path
    default: ""
  timeout:
    description: Seconds that one request may take.
    type: float
    default: 10
seealso:
  - module: onprem.wandb.wandb_instance_info
"""

EXAMPLES = r"""
- name: Look at the cluster
  onprem.wandb.cluster_info:
    kubeconfig: "{{ site_kubeconfig }}"
  delegate_to: localhost
  register: cluster
"""

RETURN = r"""
version:
  description: Version of the API server.
  returned: always
  type: str
  sample: v1.36.4
nodes:
  description: Nodes.
  returned: always
  type: list
  elements: dict
  sample: [{name: node1, ready: true, schedulable: true, control_plane: false, version: v1.36.4, architecture: amd64, addresses: [10.0.0.12], problems: []}]
storage_classes:
  description: Storage classes.
  returned: always
  type: list
  elements: dict
  sample: [{name: local-path, default: true, provisioner: rancher.io/local-path}]
ingress_classes:
  description: Ingress classes.
  returned: always
  type: list
  elements: dict
  sample: [{name: traefik, default: true, controller: traefik.io/ingress-controller}]
pending_claims:
  description: Claims that wait for a volume although a pod wants it, or although their class binds at once.
  returned: always
  type: list
  elements: str
  sample: []
bound_claims:
  description: Number of claims that have a volume.
  returned: always
  type: int
  sample: 1
ingresses:
  description: Ingress objects of the namespace.
  returned: always
  type: list
  elements: dict
  sample: [{name: wandb, class: traefik, release: wandb, hosts: [wandb.example.com], tls_secrets: [wandb-tls]}]
images:
  description: Images of the workloads of the namespace.
  returned: always
  type: list
  elements: str
  sample: [docker.io/wandb/megabinary:0.83.0]
helm:
  description: Version of the helm program; empty without one.
  returned: always
  type: str
  sample: v3.21.3
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.cluster_info import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
