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

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import ready as r
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.last_words import why
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import ARGUMENTS, Api, ApiStatusError, ClusterError


class Cluster:
    """The questions to the API."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def problems(self, nodes: t.Sequence[str], workloads: t.Sequence[dict[str, str]]) -> list[str]:
        """One line for each node and workload that is not ready."""
        found = []
        seen = {item["metadata"]["name"]: item for item in self.api.items("/api/v1/nodes")} if nodes else {}
        for name in nodes:
            text = r.node_problem(seen[name]) if name in seen else f"the cluster does not know it, it knows {', '.join(sorted(seen)) or 'none'}"
            if text:
                found.append(f"node {name}: {text}")
        for item in workloads:
            body = self.api.find(f"/apis/apps/v1/namespaces/{item['namespace']}/{r.PATHS[item['kind']]}/{item['name']}")
            text = r.workload_problem(dict(body, kind=item["kind"])) if body else "does not exist"
            if text:
                found.append(f"{item['kind']} {item['namespace']}/{item['name']}: {text}")
        return found

    def details(self, workloads: t.Sequence[dict[str, str]]) -> list[str]:
        """Pods, containers, warnings and log lines behind unready workloads."""
        found = []
        for item in workloads:
            body = self.api.find(f"/apis/apps/v1/namespaces/{item['namespace']}/{r.PATHS[item['kind']]}/{item['name']}")
            if body and r.workload_problem(dict(body, kind=item["kind"])):
                pods = self.api.items(f"/api/v1/namespaces/{item['namespace']}/pods", labelSelector=r.selector(body))
                found += why(self.api, item["namespace"], pods)
        return found


def main() -> t.NoReturn:
    """Entry point."""
    workload = {
        "kind": {"type": "str", "choices": sorted(r.PATHS), "required": True},
        "namespace": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "nodes": {"type": "list", "elements": "str", "default": []},
            "workloads": {"type": "list", "elements": "dict", "default": [], "options": workload},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    p = module.params
    begun = time.monotonic()
    end = begun + (0 if module.check_mode else p["timeout"])
    try:
        cluster = Cluster(Api(p["kubeconfig"], p["context"]))
    except ClusterError as error:
        # Time mends no kubeconfig. In check mode it may be that the cluster is not made yet.
        if not module.check_mode:
            module.fail_json(msg=str(error))
        module.exit_json(changed=False, reachable=False, ready=False, problems=[str(error)], seconds=0.0)
    while True:
        try:
            problems = cluster.problems(p["nodes"], p["workloads"])
            reachable = True
        except (ClusterError, ApiStatusError) as error:
            problems, reachable = [str(error)], False
        if not problems or time.monotonic() >= end:
            break
        time.sleep(0.5)
    result = {"changed": False, "reachable": reachable, "ready": not problems, "problems": problems, "seconds": round(time.monotonic() - begun, 1)}
    if problems and not module.check_mode:
        if reachable:
            try:
                problems += cluster.details(p["workloads"])
            except (ClusterError, ApiStatusError) as error:
                problems.append(str(error))
        # The message has them all: the result would only repeat them.
        del result["problems"]
        text = "\n".join(problems)
        module.fail_json(msg=f"Not ready after {p['timeout']} s:\n{text}\nNext: kubectl --kubeconfig {p['kubeconfig']} get nodes,pods -A -o wide", **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
