# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ready means ready, and everything else has a reason."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import ready as r


def ready(status: str, **more: str) -> dict[str, t.Any]:
    return {"status": {"conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": status, **more}]}}


def test_nodes() -> None:
    assert r.node_problem(ready("True")) == ""
    assert "cni plugin not initialized" in r.node_problem(ready("False", message="cni plugin not initialized", lastTransitionTime="then"))
    assert "NodeStatusUnknown" in r.node_problem(ready("Unknown", reason="NodeStatusUnknown"))
    assert "has not reported yet" in r.node_problem({})


def daemonset(**status: int) -> dict[str, t.Any]:
    return {"kind": "DaemonSet", "metadata": {"generation": 2}, "status": {"observedGeneration": 2, **status}}


def deployment(wanted: int, **status: t.Any) -> dict[str, t.Any]:
    return {"kind": "Deployment", "metadata": {"generation": 1}, "spec": {"replicas": wanted}, "status": {"observedGeneration": 1, **status}}


@pytest.mark.parametrize(("workload", "words"), [
    (daemonset(desiredNumberScheduled=3, numberAvailable=3, updatedNumberScheduled=3), ""),
    (daemonset(desiredNumberScheduled=3, numberAvailable=2, updatedNumberScheduled=3), "2 of 3"),
    (daemonset(desiredNumberScheduled=3, numberAvailable=3, updatedNumberScheduled=1), "1 of 3"),
    (daemonset(desiredNumberScheduled=0), "no node matches"),
    (daemonset(observedGeneration=1, desiredNumberScheduled=3, numberAvailable=3, updatedNumberScheduled=3), "newest specification"),
    (deployment(1, availableReplicas=1, updatedReplicas=1), ""),
    (deployment(2, availableReplicas=2, updatedReplicas=1), "1 of 2"),
    (deployment(1), "0 of 1"),
    (deployment(0), ""),
    # One pod of the old version that serves on, one of the new version that never gets ready: a rollout that failed.
    (deployment(1, availableReplicas=1, updatedReplicas=1, replicas=2), "1 of 2 pods are old ones"),
    (deployment(1, availableReplicas=1, updatedReplicas=1, replicas=2, conditions=[
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "has timed out"}]), "ProgressDeadlineExceeded"),
])
def test_workloads(workload: dict[str, t.Any], words: str) -> None:
    problem = r.workload_problem(workload)
    assert words in problem
    assert bool(problem) == bool(words)


def test_selector() -> None:
    assert r.selector({"spec": {"selector": {"matchLabels": {"b": "2", "a": "1"}}}}) == "a=1,b=2"


def pod(*containers: dict[str, t.Any], **status: t.Any) -> dict[str, t.Any]:
    return {"status": {"phase": "Pending", "containerStatuses": list(containers), **status}}


def test_a_ready_or_finished_pod_has_no_problem() -> None:
    assert r.pod_problems(pod(conditions=[{"type": "Ready", "status": "True"}])) == []
    assert r.pod_problems(pod(phase="Succeeded")) == []


@pytest.mark.parametrize(("seen", "container", "words"), [
    (pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]), "", "Unschedulable: 0/3 nodes"),
    (pod({"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}}), "c", "ImagePullBackOff: not found"),
    (pod({"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1, "message": "no sh"}}}), "c", "no sh"),
    (pod({"name": "c", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}), "c", "ended with status 1"),
    (pod({"name": "c", "ready": False, "state": {"running": {"startedAt": "then"}}}), "c", "readiness probe fails"),
    (pod({"name": "c", "state": {"waiting": {"reason": "PodInitializing"}}}), "", "phase Pending"),
    ({}, "", "phase ?"),
])
def test_why_a_pod_is_not_ready(seen: dict[str, t.Any], container: str, words: str) -> None:
    (found,) = r.pod_problems(seen)
    assert found[0] == container
    assert words in found[1]


def test_whose_log_is_worth_reading() -> None:
    assert r.needs_log("CrashLoopBackOff: back-off")
    assert not r.needs_log("ImagePullBackOff: not found")


def test_events() -> None:
    def event(name: str, kind: str, text: str, when: str) -> dict[str, t.Any]:
        return {"involvedObject": {"name": name}, "type": kind, "reason": "R", "message": text, "lastTimestamp": when}

    events = [event("a", "Warning", "new", "2"), event("a", "Warning", "old", "1"), event("a", "Normal", "fine", "3"), event("b", "Warning", "other", "4")]
    assert r.last_events(events, ["a"], limit=1) == ["a: R: new"]
