# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployments, StatefulSets, DaemonSets and Jobs of a release: objects in, verdict out. No network here.

The operator's "Completed" does not say that a pod is ready.
"""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.ready import rollout, shortfall
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.pods import judge_pod
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.release import Object, release_of
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.report import Problem


def judge_workload(item: Object, check: str = "workloads") -> list[Problem]:
    state = rollout(item)
    subject = f"{state['kind']} {state['name']}"
    events = f"{state['kind']}/{state['name']}"
    if not state["observed"]:
        return [Problem(check, subject, "its newest change has not been looked at by Kubernetes yet", events_of=events)]
    if state["desired"] == 0 and state["kind"] != "DaemonSet":
        return [Problem(check, subject, "it is scaled to 0 pods")]
    if state["ready"]:
        return []
    return [Problem(check, subject, shortfall(item), events_of=events)]


def pods_of(item: Object, pods: t.Iterable[Object]) -> list[Object]:
    """Pods by the selector of their workload; those on their way out do not count."""
    wanted = ((item.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return [pod for pod in pods if wanted and not pod["metadata"].get("deletionTimestamp") and wanted.items() <= (pod["metadata"].get("labels") or {}).items()]


def judge_workloads(workloads: t.Sequence[Object], pods: t.Sequence[Object], release: str) -> list[Problem]:
    """All that the release runs; each troubled workload is followed by its troubled pods."""
    mine = [item for item in workloads if release_of(item) == release]
    if not mine:
        return [Problem("workloads", f"release {release}", "it has no Deployment, StatefulSet or DaemonSet: nothing runs")]
    problems: list[Problem] = []
    for item in sorted(mine, key=lambda entry: entry["metadata"]["name"]):
        found = judge_workload(item)
        problems.extend(found)
        if found:
            problems.extend(_alike([problem for pod in pods_of(item, pods) for problem in judge_pod(pod)]))
    return problems


def _alike(problems: t.Sequence[Problem]) -> list[Problem]:
    """Pods that suffer from the same thing are one entry of the report: the first one, with the number of the others."""
    first: dict[str, Problem] = {}
    others: dict[str, int] = {}
    for problem in problems:
        if problem.message in first:
            others[problem.message] = others.get(problem.message, 0) + 1
        else:
            first[problem.message] = problem
    for message, count in others.items():
        first[message].subject += f" and {count} more of its pods"
    return list(first.values())


def judge_jobs(pods: t.Sequence[Object]) -> list[Problem]:
    """Pods of Jobs that hang or fail: the hooks of a chart, which a release that is not deployed waits for."""
    problems: list[Problem] = []
    for pod in pods:
        owners = {owner.get("kind") for owner in pod["metadata"].get("ownerReferences") or []}
        if "Job" in owners and not pod["metadata"].get("deletionTimestamp"):
            problems.extend(judge_pod(pod, "release"))
    return problems


def judge_operator(workloads: t.Sequence[Object], pods: t.Sequence[Object], namespace: str) -> list[Problem]:
    """The operator itself: without it nothing in the resource comes true."""
    mine = [item for item in workloads if item["metadata"]["name"].endswith("controller-manager") and item["kind"] == "Deployment"]
    if not mine:
        message = "there is no Deployment *-controller-manager: the operator is not installed; install it with ansible-playbook onprem.wandb.wandb"
        return [Problem("operator", f"namespace {namespace}", message)]
    problems: list[Problem] = []
    for item in mine:
        found = judge_workload(item, "operator")
        problems.extend(found)
        if found:
            for pod in pods_of(item, pods):
                problems.extend(judge_pod(pod, "operator"))
    return problems
