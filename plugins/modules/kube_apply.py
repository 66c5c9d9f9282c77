#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply objects to a cluster and wait until what they are for works."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_apply
short_description: Apply objects to a cluster and wait until nodes and workloads are ready
version_added: 1.1.0
description:
  - Applies objects by the server's own way (server-side apply), each compared before and after, and waits as M(onprem.wandb.kube_ready) does; in one call
    that needs no further Python package, so that a run with nothing to do takes a fraction of a second.
  - Fields that others own stay theirs, fields that are no longer declared go.
  - Runs where the kubeconfig is, which is the controller.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.kubeconfig
attributes:
  check_mode:
    support: full
    description: The server is asked what would become of each object (dry run). A cluster that is not there, and one that is not ready, are results.
  diff_mode:
    support: full
    description: Each object before and after, without what the server counts and reports. Values of a Secret are never shown.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  objects:
    description: The objects, in the order in which they are applied.
    type: list
    elements: dict
    required: true
  field_manager:
    description: The name under which the server notes who owns the fields.
    type: str
    default: onprem.wandb
  force_conflicts:
    description: Take fields that another manager owns.
    type: bool
    default: true
  list_kinds:
    description: Kinds whose objects are returned in RV(listed), all that the cluster has, after the wait.
    type: list
    elements: dict
    default: []
    suboptions:
      api_version:
        description: Group and version, such as V(storage.k8s.io/v1).
        type: str
        required: true
      kind:
        description: Kind, such as V(StorageClass).
        type: str
        required: true
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
seealso:
  - module: onprem.wandb.kube_ready
  - module: kubernetes.core.k8s
"""

EXAMPLES = r"""
- name: Give the nodes a network
  onprem.wandb.kube_apply:
    kubeconfig: secrets/kubeconfig
    objects: "{{ lookup('ansible.builtin.template', 'flannel.yml.j2') | from_yaml_all | list }}"
    nodes: [cp1, node1]
    workloads:
      - {kind: DaemonSet, namespace: kube-flannel, name: kube-flannel-ds}
"""

RETURN = r"""
changed_objects:
  description: Kind and name of each object that was changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [DaemonSet kube-flannel/kube-flannel-ds]
listed:
  description: The objects of the kinds in O(list_kinds). In check mode none when the cluster cannot be reached.
  returned: success
  type: list
  elements: dict
  sample: []
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
from ansible_collections.onprem.wandb.plugins.module_utils._work.kube_apply import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
