# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._wandb import release as releases
from ansible_collections.onprem.wandb.plugins.module_utils._wandb import workloads as judge
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.pods import judge_nodes, judge_pod
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.wandb import wandb_site as site


def said(problems: t.Sequence[t.Any]) -> str:
    return "\n".join(f"{problem.subject}: {problem.message}" for problem in problems)


# -- the resource ---------------------------------------------------------------------------------


def test_a_completed_resource_is_fine() -> None:
    assert releases.judge_resource(True, site.resource(), "wandb", "wandb") == []


@pytest.mark.parametrize(
    ("known", "resource", "fatal", "words"),
    [
        (False, None, True, "the cluster does not know this kind"),
        (True, None, True, "it does not exist"),
        (True, site.resource(status={}), False, "no operator has looked at it"),
        (True, site.resource(status={"phase": "Loading"}), False, "phase 'Loading'; expected 'Completed'"),
        (True, site.resource(status={"phase": "Applying"}), False, "phase 'Applying'"),
        (True, site.resource(status={"phase": "Invalid Config"}), True, "could not apply it"),
        (True, site.resource(metadata={"name": "wandb", "deletionTimestamp": "2026-11-23T10:00:00Z"}), False, "being deleted since 2026"),
    ],
)
def test_a_resource_that_is_not_fine(known: bool, resource: t.Any, fatal: bool, words: str) -> None:
    (problem,) = releases.judge_resource(known, resource, "wandb", "wandb")
    assert words in problem.message
    assert problem.fatal is fatal


# -- the release: "Completed" is not enough ---------------------------------------------------------


def test_a_release_made_from_the_resource_is_fine() -> None:
    assert releases.judge_release(site.release(), site.resource()) == []


def test_without_a_resource_there_is_nothing_to_compare_with() -> None:
    assert releases.judge_release(None, None) == []


def changed_values(**values: t.Any) -> dict[str, t.Any]:
    resource = site.resource()
    resource["spec"]["values"].update(values)
    return resource


@pytest.mark.parametrize(
    ("release", "resource", "words"),
    [
        (None, site.resource(), "the operator has not installed the chart"),
        (site.release(status="pending-install"), site.resource(), "'pending-install', expected 'deployed'"),
        (site.release(status="failed", description="pre-upgrade hooks failed"), site.resource(), "'failed', expected 'deployed': pre-upgrade hooks failed"),
        (site.release(chart_version="0.43.7"), site.resource(), "chart version 0.43.7, the resource wants 0.43.8"),
        (site.release(chart="other"), site.resource(), "chart name other"),
        # The phase still says Completed, from the time before the change.
        (site.release(), changed_values(console={"install": False}), "its values differ from the resource in console.install"),
        (site.release(), changed_values(glue={"install": True}), "in glue"),
        (site.release(values={}), site.resource(), "and 1 more"),
    ],
)
def test_a_release_that_is_not_fine(release: t.Any, resource: t.Any, words: str) -> None:
    (problem,) = releases.judge_release(release, resource)
    assert words in problem.message
    assert problem.check == "release"


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        ({}, {"a": 1}, []),
        ({"a": None}, {}, []),
        ({"a": {}}, {}, []),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b"]),
        ({"a": {"b": 1}}, {"a": None}, ["a"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a"]),
        ({"a": "1"}, {"a": 1}, ["a"]),
        ({"b": 1, "a": 1}, {}, ["a", "b"]),
    ],
)
def test_differing_paths(wanted: t.Any, found: t.Any, expected: list[str]) -> None:
    assert releases.differing_paths(wanted, found) == expected


# -- workloads --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_rolled_out_workload_is_fine(kind: str) -> None:
    assert judge.judge_workload(site.workload("wandb-app", kind, 2)) == []


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (site.workload("a", replicas=2, availableReplicas=1), "1 of 2 pods are available"),
        (site.workload("a", replicas=2, availableReplicas=None), "0 of 2 pods are available"),
        (site.workload("a", replicas=2, updatedReplicas=1), "1 of 2 pods have the newest version"),
        (site.workload("a", **{"replicas": 3}, updatedReplicas=2, availableReplicas=3), "2 of 3 pods have the newest version"),
        (site.workload("a", replicas=0), "it is scaled to 0 pods"),
        (site.workload("a", observedGeneration=1), "has not been looked at by Kubernetes"),
        (site.workload("a", "DaemonSet", 3, numberAvailable=2), "2 of 3 pods are available"),
        (
            site.workload(
                "a", availableReplicas=0, conditions=[{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}]
            ),
            "FailedCreate: exceeded quota",
        ),
        (
            site.workload(
                "a", availableReplicas=0, conditions=[{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "x"}]
            ),
            "ProgressDeadlineExceeded",
        ),
    ],
)
def test_a_workload_that_is_not_fine(item: t.Any, words: str) -> None:
    (problem,) = judge.judge_workload(item)
    assert words in problem.message


def test_old_pods_that_have_not_gone_are_not_a_finished_rollout() -> None:
    item = site.workload("a")
    item["status"]["replicas"] = 2
    assert "its newest version is not rolled out: 1 of 2 pods are old ones" in said(judge.judge_workload(item))


def test_a_release_without_workloads_does_not_serve() -> None:
    assert "nothing runs" in said(judge.judge_workloads([site.workload("x", release_name="other")], [], "wandb"))


def test_a_broken_workload_is_followed_by_its_broken_pods_only() -> None:
    items = [site.workload("wandb-app", availableReplicas=0), site.workload("wandb-api")]
    broken = site.pod("wandb-app", ready=False, containerStatuses=[{"name": "app", "ready": False, "state": {"waiting": {"reason": "ImagePullBackOff"}}}])
    leaving = site.pod("wandb-app", ready=False, name="old")
    leaving["metadata"]["deletionTimestamp"] = "now"
    problems = judge.judge_workloads(items, [broken, leaving, site.pod("wandb-api", ready=False)], "wandb")
    assert [problem.subject for problem in problems] == ["Deployment wandb-app", "pod wandb-app-1 on node1"]


def test_pods_with_the_same_trouble_are_one_entry() -> None:
    waiting = [{"name": "app", "ready": False, "state": {"waiting": {"reason": "ImagePullBackOff"}}}]
    pods = [site.pod("wandb-app", ready=False, name=name, containerStatuses=waiting) for name in ("a", "b", "c")]
    pods.append(site.pod("wandb-app", ready=False, name="d", phase="Failed", reason="Evicted"))
    problems = judge.judge_workloads([site.workload("wandb-app", availableReplicas=0)], pods, "wandb")
    assert [problem.subject for problem in problems[1:]] == ["pod a on node1 and 2 more of its pods", "pod d on node1"]


# -- pods -------------------------------------------------------------------------------------------


def status(name: str = "app", **state: t.Any) -> dict[str, t.Any]:
    rest = {key: state.pop(key) for key in ("ready", "started", "restartCount", "lastState") if key in state}
    return {"name": name, "ready": False, "restartCount": 0, **rest, "state": state}


CRASH = status(
    waiting={"reason": "CrashLoopBackOff", "message": "back-off 40s"}, restartCount=4, lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
)


@pytest.mark.parametrize(
    ("changes", "words", "log"),
    [
        ({"containerStatuses": [CRASH]}, "container app: CrashLoopBackOff: back-off 40s (it ended 4 times, last with exit code 137, OOMKilled)", True),
        ({"containerStatuses": [status(waiting={"reason": "ImagePullBackOff", "message": "not found"})]}, "ImagePullBackOff: not found", None),
        (
            {"containerStatuses": [status(waiting={"reason": "CreateContainerConfigError", "message": 'secret "wandb-ext-mysql" not found'})]},
            'secret "wandb-ext-mysql" not found',
            None,
        ),
        ({"containerStatuses": [status(waiting={"reason": "ContainerCreating"})]}, "container app: ContainerCreating", None),
        ({"containerStatuses": [status(running={}, started=True)]}, "its readiness probe does not succeed", False),
        ({"containerStatuses": [status(terminated={"exitCode": 2, "reason": "Error"})]}, "container app: ended with exit code 2", False),
        # W&B's init container waits for the database for ever, and the pod looks busy.
        (
            {
                "initContainerStatuses": [status("init-db", running={}, started=True)],
                "containerStatuses": [status(waiting={"reason": "PodInitializing"})],
            },
            "init container init-db: still running, the containers after it wait for it",
            False,
        ),
        (
            {
                "initContainerStatuses": [
                    status("migrate-db", waiting={"reason": "CrashLoopBackOff"}, restartCount=1, lastState={"terminated": {"exitCode": 1}})
                ]
            },
            "init container migrate-db: CrashLoopBackOff (it ended 1 times, last with exit code 1)",
            True,
        ),
        ({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, "Evicted: low on memory", None),
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes: Insufficient cpu"}]},
            "Unschedulable: 0/3 nodes: Insufficient cpu",
            None,
        ),
        (
            {"conditions": [{"type": "Ready", "status": "False", "reason": "ReadinessGatesNotReady"}], "containerStatuses": [status(running={}, ready=True)]},
            "not ready: ReadinessGatesNotReady",
            None,
        ),
        ({"phase": "Pending", "conditions": [], "containerStatuses": []}, "not ready: phase Pending", None),
    ],
)
def test_a_pod_that_is_not_fine(changes: dict[str, t.Any], words: str, log: bool | None) -> None:
    (problem,) = judge_pod(site.pod("wandb-app", ready=False, **changes))
    assert words in problem.message
    assert (problem.log_from or {}).get("previous") is log


@pytest.mark.parametrize("item", [site.pod("wandb-app"), site.pod("job", ready=False, phase="Succeeded")])
def test_a_pod_that_is_fine(item: t.Any) -> None:
    assert judge_pod(item) == []


def test_a_finished_init_container_and_a_sidecar_are_not_blamed() -> None:
    item = site.pod(
        "wandb-app",
        ready=False,
        initContainerStatuses=[status("init", terminated={"exitCode": 0}), status("sidecar", running={}, ready=True, started=True)],
        containerStatuses=[CRASH],
    )
    assert [problem.message.split(":")[0] for problem in judge_pod(item)] == ["container app"]


def test_a_hook_that_hangs_is_told_with_the_release() -> None:
    hook = site.pod("hook", ready=False, containerStatuses=[status(waiting={"reason": "ErrImagePull"})])
    hook["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "hook"}]
    problems = judge.judge_jobs([hook, site.pod("wandb-app", ready=False)])
    assert [(problem.check, problem.subject) for problem in problems] == [("release", "pod hook-1 on node1")]


# -- nodes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (site.node(pressure="True"), "DiskPressure: kubelet has disk pressure"),
        (site.node(ready="Unknown"), "not Ready: KubeletReady"),
        (site.node(ready="False"), "not Ready"),
        ({**site.node(), "spec": {"unschedulable": True}}, "cordoned"),
    ],
)
def test_a_node_that_is_not_fine(node: t.Any, words: str) -> None:
    (problem,) = judge_nodes([site.node("other"), node])
    assert problem.subject == "node node1"
    assert words in problem.message


# -- the operator -----------------------------------------------------------------------------------


def test_a_running_operator_is_fine() -> None:
    assert judge.judge_operator([site.workload("wandb-controller-manager")], [], "wandb-cr") == []


def test_a_missing_operator_is_named() -> None:
    assert "the operator is not installed" in said(judge.judge_operator([site.workload("something")], [], "wandb-cr"))


def test_a_broken_operator_is_told_with_its_pod() -> None:
    name = "wandb-controller-manager"
    broken = site.pod(name, ready=False, containerStatuses=[CRASH])
    problems = judge.judge_operator([site.workload(name, availableReplicas=0)], [broken], "wandb-cr")
    assert [problem.check for problem in problems] == ["operator", "operator"]
    assert "CrashLoopBackOff" in said(problems)
