#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until nodes and workloads are ready, or say why they are not."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_ready
short_description: Wait until nodes and workloads of a cluster are ready, or say why they are not
version_added: 1.0.0
description:
  - Waits until all named nodes are Ready and all named workloads are rolled out. One call for all of them, and no wait when they are.
  - At the deadline the message names each node, workload, pod and container that is not ready, with its reason, the newest warnings of the cluster and
    the last lines of its log.
  - Runs where the kubeconfig is, which is the controller. Client certificates and tokens are supported, commands (C(exec)) are not.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
  - onprem.wandb.kubeconfig
attributes:
  check_mode:
    description: Looks once and does not wait. A cluster that is not there, and one that is not ready, are results and no failures.
options:
  nodes:
    description: Names of nodes that must be Ready.
    type: list
    elements: str
    default: []
  workloads:
    description: Workloads that must be rolled out.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the workload.
        type: str
        choices: [DaemonSet, Deployment, StatefulSet]
        required: true
      namespace:
        description: Its namespace.
        type: str
        required: true
      name:
        description: Its name.
        type: str
        required: true
  timeout:
    description: Seconds to wait. With 0 it looks once.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Wait for the cluster
  onprem.wandb.kube_ready:
    kubeconfig: secrets/kubeconfig
    nodes: [cp1, node1]
    workloads:
      - {kind: DaemonSet, namespace: kube-flannel, name: kube-flannel-ds}
    timeout: 120
"""

RETURN = r"""
reachable:
  description: Whether the API server answered.
  returned: always
  type: bool
  sample: true
ready:
  description: Whether everything is ready.
  returned: always
  type: bool
  sample: true
problems:
  description: What is not ready, and why.
  returned: success
  type: list
  elements: str
  sample: ["node node2: not Ready since 2026-11-23T13:00:00Z: cni plugin not initialized"]
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 12.4
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.waiting import SPEC, wait


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    module.exit_json(**wait(module))


if __name__ == "__main__":
    main()
