# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of the cluster in, verdict out: does W&B run, or why not. No network here.

The operator's "Completed" says that Helm was called, not that a pod is ready, and not that the
newest change has been read: both are measured here from what only a finished run leaves behind.
"""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._wandb_pods import judge_pod
from ansible_collections.onprem.wandb.plugins.module_utils._wandb_report import Problem

Object = t.Mapping[str, t.Any]


def differing_paths(wanted: t.Any, found: t.Any, path: str = "") -> list[str]:
    """Paths of `wanted` that `found` does not have with that value. `found` may have more; null asks for nothing."""
    if wanted is None or wanted == found:
        return []
    if isinstance(wanted, dict):
        if not wanted:
            return []
        if not isinstance(found, dict):
            return [path or "."]
        return [entry for key in sorted(wanted) for entry in differing_paths(wanted[key], found.get(key), f"{path}.{key}" if path else str(key))]
    return [path]


# -- WeightsAndBiases and its Helm release --------------------------------------------------------


def judge_resource(known: bool, resource: Object | None, namespace: str, name: str) -> list[Problem]:
    """The custom resource: present, accepted, not being deleted."""
    subject = f"WeightsAndBiases {namespace}/{name}"
    if resource is None and not known:
        message = (
            "the cluster does not know this kind (apps.wandb.com/v1): the CRD of the chart 'operator' is not installed; "
            "install the operator with ansible-playbook onprem.wandb.wandb"
        )
        return [Problem("resource", subject, message, fatal=True)]
    if resource is None:
        return [Problem("resource", subject, "it does not exist; create it with ansible-playbook onprem.wandb.wandb", fatal=True)]
    if resource["metadata"].get("deletionTimestamp"):
        message = f"it is being deleted since {resource['metadata']['deletionTimestamp']}"
        return [Problem("resource", subject, message, events_of=f"WeightsAndBiases/{name}")]
    phase = (resource.get("status") or {}).get("phase") or ""
    if phase == "Completed":
        return []
    if phase == "Invalid Config":
        message = "phase 'Invalid Config': the operator could not apply it; the reason is in the operator's log"
        return [Problem("resource", subject, message, fatal=True, events_of=f"WeightsAndBiases/{name}")]
    seen = f"phase '{phase}'" if phase else "no phase yet: no operator has looked at it"
    return [Problem("resource", subject, f"{seen}; expected 'Completed'", events_of=f"WeightsAndBiases/{name}")]


def judge_release(release: Object | None, resource: Object | None) -> list[Problem]:
    """The Helm release: deployed, and made from the resource as it is now, not from an older one."""
    if resource is None:
        return []
    name = resource["metadata"]["name"]
    subject = f"Helm release {resource['metadata'].get('namespace', '')}/{name}"
    if release is None:
        return [Problem("release", subject, "it does not exist: the operator has not installed the chart")]
    if release.get("status") != "deployed":
        message = f"revision {release.get('revision')} is '{release.get('status')}', expected 'deployed'"
        if release.get("description"):
            message += f": {release['description']}"
        return [Problem("release", subject, message)]
    spec = resource.get("spec") or {}
    chart = spec.get("chart") or {}
    problems = []
    for key, seen in (("name", release.get("chart")), ("version", release.get("chart_version"))):
        if chart.get(key) and seen and chart[key] != seen:
            problems.append(f"chart {key} {seen}, the resource wants {chart[key]}")
    different = differing_paths(spec.get("values") or {}, release.get("values") or {})
    if different:
        shown = ", ".join(different[:3]) + (f" and {len(different) - 3} more" if len(different) > 3 else "")
        problems.append(f"its values differ from the resource in {shown}")
    if not problems:
        return []
    return [Problem("release", subject, f"revision {release.get('revision')} is not made from the resource as it is now: {'; '.join(problems)}")]


# -- Deployments, StatefulSets, DaemonSets --------------------------------------------------------


def release_of(item: Object) -> str | None:
    """The Helm release that an object belongs to; Helm writes it on everything that it installs."""
    return (item["metadata"].get("annotations") or {}).get("meta.helm.sh/release-name")


def summarise_workload(item: Object) -> dict[str, t.Any]:
    """One shape for the three kinds."""
    status = item.get("status") or {}
    if item["kind"] == "DaemonSet":
        desired = status.get("desiredNumberScheduled") or 0
        updated, available, total = (status.get(key) or 0 for key in ("updatedNumberScheduled", "numberAvailable", "currentNumberScheduled"))
    else:
        desired = item.get("spec", {}).get("replicas", 1)
        updated, available, total = (status.get(key) or 0 for key in ("updatedReplicas", "availableReplicas", "replicas"))
    observed = (status.get("observedGeneration") or 0) >= (item["metadata"].get("generation") or 0)
    return {
        "kind": item["kind"],
        "name": item["metadata"]["name"],
        "desired": desired,
        "updated": updated,
        "available": available,
        "total": total,
        "ready": observed and updated >= desired and available >= desired and total <= max(desired, updated),
        "observed": observed,
    }


def judge_workload(item: Object, check: str = "workloads") -> list[Problem]:
    state = summarise_workload(item)
    subject = f"{state['kind']} {state['name']}"
    events = f"{state['kind']}/{state['name']}"
    if not state["observed"]:
        return [Problem(check, subject, "its newest change has not been looked at by Kubernetes yet", events_of=events)]
    if state["desired"] == 0 and state["kind"] != "DaemonSet":
        return [Problem(check, subject, "it is scaled to 0 pods")]
    if state["ready"]:
        return []
    if state["available"] < state["desired"]:
        message = f"{state['available']} of {state['desired']} pods are available"
    elif state["updated"] < state["desired"]:
        message = f"{state['updated']} of {state['desired']} pods have the newest version"
    else:
        message = f"its newest version is not rolled out: {state['total'] - state['updated']} of {state['total']} pods are old ones"
    for condition in (item.get("status") or {}).get("conditions") or []:
        failing = condition.get("type") == "ReplicaFailure" and condition.get("status") == "True"
        stuck = condition.get("type") == "Progressing" and condition.get("status") == "False"
        if failing or stuck:
            message += f"; {condition.get('reason')}: {condition.get('message')}"
    return [Problem(check, subject, message, events_of=events)]


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
