# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until nodes and workloads are ready. PRIVATE to the collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import ready as r
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import ARGUMENTS, Api, ApiStatusError, ClusterError
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.last_words import why

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

WORKLOAD: dict[str, t.Any] = {
    "kind": {"type": "str", "choices": sorted(r.PATHS), "required": True},
    "namespace": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
}
SPEC: dict[str, t.Any] = {
    **ARGUMENTS,
    "nodes": {"type": "list", "elements": "str", "default": []},
    "workloads": {"type": "list", "elements": "dict", "default": [], "options": WORKLOAD},
    "timeout": {"type": "int", "default": 300},
}


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


def wait(module: AnsibleModule) -> dict[str, t.Any]:
    """Until all is ready or the time is over. In check mode it looks once."""
    p = module.params
    begun = time.monotonic()
    end = begun + (0 if module.check_mode else p["timeout"])
    try:
        cluster = Cluster(Api(p["kubeconfig"], p["context"]))
    except ClusterError as error:
        # Time mends no kubeconfig. In check mode it may be that the cluster is not made yet.
        if not module.check_mode:
            module.fail_json(msg=str(error))
        return {"changed": False, "reachable": False, "ready": False, "problems": [str(error)], "seconds": 0.0}
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
    return result
