# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's own workloads, cluster DNS, and a pod on each node that the others can talk to: out of objects of the API. PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import ready
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import Api
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.last_words import why

Object = t.Mapping[str, t.Any]

DNS_NAMESPACE = "kube-system"
DNS_SERVICE = "kube-dns"
DNS_LABEL = ("k8s-app", "kube-dns")


def look(api: Api, namespaces: t.Sequence[str], resource: str) -> dict[str, t.Any]:
    """Seven requests, and a few more for each workload that is not ready. `resource` is the path of W&B's resource."""
    pods = api.items("/api/v1/pods")
    wandb = api.find(resource) if resource else None
    service = api.find(f"/api/v1/namespaces/{DNS_NAMESPACE}/services/{DNS_SERVICE}") or {}
    return {
        "nodes": sorted(str(item["metadata"]["name"]) for item in api.items("/api/v1/nodes") if not ready.node_problem(item)),
        "workloads": [*_workloads(api, namespaces, pods), *_static(api, namespaces, pods)],
        "partners": partners(pods, namespaces),
        "dns": {"address": str((service.get("spec") or {}).get("clusterIP") or ""), "pods": dns_pods(pods)},
        "names": names_told(((wandb or {}).get("spec") or {}).get("values") or {}),
    }


def _workloads(api: Api, namespaces: t.Sequence[str], pods: t.Sequence[Object]) -> list[dict[str, t.Any]]:
    """Deployments, DaemonSets and StatefulSets of the namespaces, each with what is wrong with it."""
    found = []
    for kind, plural in ready.PATHS.items():
        for item in api.items(f"/apis/apps/v1/{plural}"):
            namespace = item["metadata"]["namespace"]
            if namespace not in namespaces:
                continue
            problem = ready.workload_problem({**item, "kind": kind})
            mine = [pod for pod in pods if _belongs(pod, item)] if problem else []
            found.append(_entry(api, f"{kind} {namespace}/{item['metadata']['name']}", namespace, problem, mine))
    return found


def _static(api: Api, namespaces: t.Sequence[str], pods: t.Sequence[Object]) -> list[dict[str, t.Any]]:
    """Pods that a node's kubelet runs from files, as those of the control plane: no workload stands for them."""
    found = []
    for pod in pods:
        meta = pod["metadata"]
        owners = {owner.get("kind") for owner in meta.get("ownerReferences") or []}
        if meta["namespace"] in namespaces and "Node" in owners:
            problems = ready.pod_problems(pod)
            found.append(_entry(api, f"pod {meta['namespace']}/{meta['name']}", meta["namespace"], problems[0][1] if problems else "", [pod]))
    return found


def _entry(api: Api, name: str, namespace: str, problem: str, pods: t.Sequence[Object]) -> dict[str, t.Any]:
    sick = [pod for pod in pods if ready.pod_problems(pod) or _leaves(pod)] if problem else []
    leaving = [f"pod {pod['metadata']['name']} was told to end at {pod['metadata']['deletionTimestamp']}, and has not" for pod in sick if _leaves(pod)]
    return {
        "name": name,
        "problem": problem,
        "details": [*leaving, *[line.strip() for line in why(api, namespace, sick, lines=3)]] if sick else [],
        "nodes": sorted({str((pod.get("spec") or {}).get("nodeName") or "") for pod in sick} - {""}),
    }


def _belongs(pod: Object, workload: Object) -> bool:
    """Whether a pod is one of a workload's. Those on their way out count: one that cannot end keeps the next one from coming."""
    meta, labels = pod["metadata"], workload["spec"]["selector"].get("matchLabels") or {}
    same = meta["namespace"] == workload["metadata"]["namespace"]
    return bool(same and labels and labels.items() <= (meta.get("labels") or {}).items())


def _leaves(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def has_own_network(pod: Object) -> bool:
    """A running pod with an address of the pod network."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    gone = pod["metadata"].get("deletionTimestamp")
    return bool(status.get("phase") == "Running" and status.get("podIP") and spec.get("nodeName") and not spec.get("hostNetwork") and not gone)


def is_ready(pod: Object) -> bool:
    return any(item.get("type") == "Ready" and item.get("status") == "True" for item in (pod.get("status") or {}).get("conditions") or [])


def tcp_port(pod: Object) -> int:
    """A TCP port that the pod says it listens on; 0 when it says none, or is not ready."""
    if not is_ready(pod):
        return 0
    ports = [port for container in (pod.get("spec") or {}).get("containers") or [] for port in container.get("ports") or []]
    return next((int(port["containerPort"]) for port in ports if port.get("protocol", "TCP") == "TCP"), 0)


def partners(pods: t.Sequence[Object], namespaces: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """One pod with a network of its own for each node: one that listens before one that does not, one of the cluster's own before one of W&B."""
    best: dict[str, dict[str, t.Any]] = {}
    fit = [pod for pod in pods if has_own_network(pod) and _is_v4(pod["status"]["podIP"])]
    for pod in sorted(fit, key=lambda item: (not tcp_port(item), item["metadata"]["namespace"] not in namespaces, item["metadata"]["name"])):
        node = str(pod["spec"]["nodeName"])
        best.setdefault(
            node,
            {
                "node": node,
                "name": f"{pod['metadata']['namespace']}/{pod['metadata']['name']}",
                "address": str(pod["status"]["podIP"]),
                "port": tcp_port(pod),
            },
        )
    return [best[node] for node in sorted(best)]


def dns_pods(pods: t.Sequence[Object]) -> list[dict[str, t.Any]]:
    """CoreDNS, pod by pod."""
    key, value = DNS_LABEL
    return [
        {
            "name": str(pod["metadata"]["name"]),
            "node": str((pod.get("spec") or {}).get("nodeName") or ""),
            "address": str((pod.get("status") or {}).get("podIP") or ""),
            "ready": is_ready(pod),
        }
        for pod in pods
        if pod["metadata"]["namespace"] == DNS_NAMESPACE
        and (pod["metadata"].get("labels") or {}).get(key) == value
        and not pod["metadata"].get("deletionTimestamp")
    ]


def names_told(values: Object) -> list[str]:
    """Names outside the cluster that W&B is told in its resource: database, queue, bucket. Addresses need no resolver."""
    told = values.get("global") or {}
    hosts = [str((told.get(part) or {}).get("host") or "") for part in ("mysql", "redis")]
    bucket = str((told.get("bucket") or {}).get("name") or "").partition("/")[0]
    hosts.append(bucket.rpartition(":")[0] if ":" in bucket else "")
    return sorted({host for host in hosts if "." in host and not _is_address(host)})


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def _is_v4(text: str) -> bool:
    return _is_address(text) and ":" not in text
