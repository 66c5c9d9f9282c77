# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of three nodes as its API shows it, to be broken by a test; and what the producer of the measurement makes of it."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import cluster_pods

NAMESPACES = ["kube-system", "kube-flannel", "local-path-storage", "traefik"]
RESOURCE = "/apis/apps.wandb.com/v1/namespaces/wandb/weightsandbiases/wandb"
NODES = ("cp1", "node1", "node2")
LOOP = "[FATAL] plugin/loop: Loop (127.0.0.1:44221 -> :53) detected for zone '.'"


def workload(namespace: str, name: str, labels: t.Mapping[str, str], pods: int, kind: str = "Deployment") -> dict[str, t.Any]:
    counts = {"replicas": pods, "updatedReplicas": pods, "availableReplicas": pods}
    if kind == "DaemonSet":
        counts = {"desiredNumberScheduled": pods, "updatedNumberScheduled": pods, "numberAvailable": pods, "currentNumberScheduled": pods}
    return {
        "metadata": {"namespace": namespace, "name": name, "generation": 1},
        "spec": {"replicas": pods, "selector": {"matchLabels": dict(labels)}},
        "status": {"observedGeneration": 1, **counts},
    }


def pod(namespace: str, name: str, node: str, address: str, labels: t.Mapping[str, str], port: int = 0, **spec: t.Any) -> dict[str, t.Any]:
    ports = [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": port, "protocol": "TCP"}] if port else []
    return {
        "metadata": {"namespace": namespace, "name": name, "labels": dict(labels)},
        "spec": {"nodeName": node, "containers": [{"name": "main", "ports": ports}], **spec},
        "status": {
            "phase": "Running",
            "podIP": address,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "main", "ready": True, "state": {"running": {}}}],
        },
    }


class Api:
    """The questions that the producer asks, answered from dictionaries."""

    def __init__(self) -> None:
        dns, traefik, flannel, proxy = {"k8s-app": "kube-dns"}, {"app": "traefik"}, {"app": "flannel"}, {"k8s-app": "kube-proxy"}
        self.nodes = [{"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}} for name in NODES]
        self.workloads: dict[str, list[dict[str, t.Any]]] = {
            "deployments": [workload("kube-system", "coredns", dns, 2), workload("wandb", "wandb-app", {"app": "wandb"}, 1)],
            "daemonsets": [
                workload("kube-system", "kube-proxy", proxy, 3, "DaemonSet"),
                workload("kube-flannel", "kube-flannel-ds", flannel, 3, "DaemonSet"),
                workload("traefik", "traefik", traefik, 2, "DaemonSet"),
            ],
            "statefulsets": [],
        }
        self.pods = [
            pod("kube-system", "coredns-a", "cp1", "10.244.0.2", dns, 53),
            pod("kube-system", "coredns-b", "node1", "10.244.1.2", dns, 53),
            pod("traefik", "traefik-1", "node1", "10.244.1.3", traefik, 8000),
            pod("traefik", "traefik-2", "node2", "10.244.2.3", traefik, 8000),
            pod("wandb", "app-1", "node2", "10.244.2.4", {"app": "wandb"}, 8080),
            *[pod("kube-flannel", "flannel-" + name, name, "192.0.2.1", flannel, hostNetwork=True) for name in NODES],
            self.static("etcd-cp1"),
        ]
        self.log = ["booting", LOOP]
        self.service: dict[str, t.Any] | None = {"spec": {"clusterIP": "10.96.0.10"}}
        told = {"mysql": {"host": "db.example.com"}, "redis": {"host": "192.0.2.31"}, "bucket": {"name": "s3.example.com:9000"}}
        self.resource: dict[str, t.Any] | None = {"spec": {"values": {"global": told}}}

    @staticmethod
    def static(name: str) -> dict[str, t.Any]:
        found = pod("kube-system", name, "cp1", "192.0.2.11", {"component": "etcd"}, hostNetwork=True)
        found["metadata"]["ownerReferences"] = [{"kind": "Node", "name": "cp1"}]
        return found

    def find(self, path: str) -> dict[str, t.Any] | None:
        return {RESOURCE: self.resource, "/api/v1/namespaces/kube-system/services/kube-dns": self.service}[path]

    def items(self, path: str, **_query: t.Any) -> list[dict[str, t.Any]]:
        last = path.rsplit("/", 1)[1]
        return {"nodes": self.nodes, "pods": self.pods, "events": [], **self.workloads}[last]

    def raw(self, path: str, _accept: str, **_query: t.Any) -> t.Any:
        assert path.endswith("/log")

        class Answer:
            status, body, text = 200, b"x", "\n".join(self.log)

        return Answer()

    def crash(self, name: str) -> None:
        """A pod that crashes, and the workload that is one pod short."""
        found = next(item for item in self.pods if item["metadata"]["name"] == name)
        found["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
        waiting = {"name": "main", "ready": False, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}
        found["status"]["containerStatuses"] = [waiting]
        for item in [entry for entries in self.workloads.values() for entry in entries]:
            if item["spec"]["selector"]["matchLabels"].items() <= found["metadata"]["labels"].items():
                item["status"]["availableReplicas" if "availableReplicas" in item["status"] else "numberAvailable"] -= 1

    def look(self) -> dict[str, t.Any]:
        return copy.deepcopy(cluster_pods.look(t.cast(t.Any, self), NAMESPACES, RESOURCE))
