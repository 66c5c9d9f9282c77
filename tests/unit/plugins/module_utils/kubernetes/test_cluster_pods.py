# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster lives on, out of objects."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import cluster_pods
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.kubernetes import cluster_objects as objects


@pytest.fixture(name="api")
def fixture_api() -> objects.Api:
    return objects.Api()


def test_a_healthy_cluster(api: objects.Api) -> None:
    found = api.look()
    assert found["nodes"] == ["cp1", "node1", "node2"]
    assert {item["name"]: item["problem"] for item in found["workloads"]} == dict.fromkeys(
        ["DaemonSet kube-system/kube-proxy", "DaemonSet kube-flannel/kube-flannel-ds", "DaemonSet traefik/traefik", "Deployment kube-system/coredns",
         "pod kube-system/etcd-cp1"], "",
    )  # fmt: skip
    assert found["partners"] == [
        {"node": "cp1", "name": "kube-system/coredns-a", "address": "10.244.0.2", "port": 53},
        {"node": "node1", "name": "kube-system/coredns-b", "address": "10.244.1.2", "port": 53},
        {"node": "node2", "name": "traefik/traefik-2", "address": "10.244.2.3", "port": 8000},
    ]
    assert found["dns"]["address"] == "10.96.0.10"
    assert [(pod["name"], pod["node"], pod["ready"]) for pod in found["dns"]["pods"]] == [("coredns-a", "cp1", True), ("coredns-b", "node1", True)]
    assert found["names"] == ["db.example.com", "s3.example.com"]


def test_a_pod_that_crashes_has_the_last_word(api: objects.Api) -> None:
    api.crash("coredns-b")
    found = api.look()
    (sick,) = [item for item in found["workloads"] if item["problem"]]
    assert (sick["name"], sick["problem"], sick["nodes"]) == ("Deployment kube-system/coredns", "1 of 2 pods are available", ["node1"])
    assert "pod coredns-b on node1, container main: CrashLoopBackOff" in sick["details"][0]
    assert sick["details"][-1] == "| " + objects.LOOP
    # It listens no more, so the others talk to another pod of that node.
    assert found["partners"][1]["name"] == "traefik/traefik-1"
    assert [pod["ready"] for pod in found["dns"]["pods"]] == [True, False]


def test_a_pod_that_cannot_end_is_named(api: objects.Api) -> None:
    """Seen with another network's configuration: the plugin that should take the pod's network down is not there, and the DaemonSet waits for ever."""
    api.crash("traefik-2")
    pod = api.pods[3]
    pod["metadata"]["deletionTimestamp"] = "2026-11-26T14:02:10Z"
    pod["status"]["containerStatuses"] = [{"name": "main", "ready": False, "state": {"terminated": {"exitCode": 0}}}]
    (sick,) = [item for item in api.look()["workloads"] if item["problem"]]
    assert (sick["name"], sick["problem"], sick["nodes"]) == ("DaemonSet traefik/traefik", "1 of 2 pods are available", ["node2"])
    assert sick["details"][0] == "pod traefik-2 was told to end at 2026-11-26T14:02:10Z, and has not"


def test_a_static_pod_that_crashes(api: objects.Api) -> None:
    api.crash("etcd-cp1")
    (sick,) = [item for item in api.look()["workloads"] if item["problem"]]
    assert sick["name"] == "pod kube-system/etcd-cp1" and "CrashLoopBackOff" in sick["problem"]


def test_other_peoples_workloads_are_not_the_clusters(api: objects.Api) -> None:
    api.workloads["deployments"][1]["status"]["availableReplicas"] = 0
    assert not [item for item in api.look()["workloads"] if item["problem"]]


def change(**status: t.Any) -> t.Callable[[dict[str, t.Any]], None]:
    return lambda pod: pod["status"].update(status)


@pytest.mark.parametrize("broken", [
    change(phase="Pending"),
    change(podIP=""),
    change(podIP="2001:db8::1"),
    lambda pod: pod["spec"].update(hostNetwork=True),
    lambda pod: pod["metadata"].update(deletionTimestamp="2026-11-26T13:00:00Z"),
])
def test_who_is_no_partner(api: objects.Api, broken: t.Callable[[dict[str, t.Any]], None]) -> None:
    broken(api.pods[0])
    assert [partner["node"] for partner in api.look()["partners"]] == ["node1", "node2"]


@pytest.mark.parametrize("broken", [change(conditions=[{"type": "Ready", "status": "False"}]), lambda pod: pod["spec"]["containers"][0].update(ports=[])])
def test_who_is_asked_from_but_not_connected_to(api: objects.Api, broken: t.Callable[[dict[str, t.Any]], None]) -> None:
    broken(api.pods[0])
    assert api.look()["partners"][0] == {"node": "cp1", "name": "kube-system/coredns-a", "address": "10.244.0.2", "port": 0}


@pytest.mark.parametrize(("told", "names"), [
    ({}, []),
    ({"mysql": {"host": "192.0.2.20"}, "redis": {"host": "2001:db8::1"}}, []),
    ({"bucket": {"name": "my-bucket"}}, []),
    ({"bucket": {"name": "s3.example.com:9000/wandb-files"}}, ["s3.example.com"]),
    ({"mysql": {"host": "db.example.com"}, "redis": {"host": "db.example.com"}}, ["db.example.com"]),
])
def test_names_that_wandb_is_told(told: dict[str, t.Any], names: list[str]) -> None:
    assert cluster_pods.names_told({"global": told}) == names


def test_no_service_and_no_resource(api: objects.Api) -> None:
    api.service = api.resource = None
    found = api.look()
    assert (found["dns"]["address"], found["names"]) == ("", [])
