# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether nodes and workloads are ready, and if not, why: from the objects of the API alone. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

PATHS = {"DaemonSet": "daemonsets", "Deployment": "deployments", "StatefulSet": "statefulsets"}
Object = t.Mapping[str, t.Any]


def node_problem(node: Object) -> str:
    """Why a node is not Ready; empty when it is."""
    for item in node.get("status", {}).get("conditions", []):
        if item["type"] == "Ready":
            if item["status"] == "True":
                return ""
            return f"not Ready since {item.get('lastTransitionTime', '?')}: {item.get('message') or item.get('reason', 'no reason given')}"
    return "registered, but its kubelet has not reported yet"


def rollout(workload: Object) -> dict[str, t.Any]:
    """How far a Deployment, StatefulSet or DaemonSet is, in one shape for the three kinds. `ready` wants the newest template everywhere and no old pod."""
    status = workload.get("status") or {}
    if workload["kind"] == "DaemonSet":
        desired = status.get("desiredNumberScheduled") or 0
        updated, available, total = (status.get(key) or 0 for key in ("updatedNumberScheduled", "numberAvailable", "currentNumberScheduled"))
    else:
        desired = (workload.get("spec") or {}).get("replicas", 1)
        updated, available, total = (status.get(key) or 0 for key in ("updatedReplicas", "availableReplicas", "replicas"))
    observed = (status.get("observedGeneration") or 0) >= (workload["metadata"].get("generation") or 0)
    return {
        "kind": workload["kind"],
        "name": workload["metadata"].get("name", ""),
        "desired": desired,
        "updated": updated,
        "available": available,
        "total": total,
        "ready": observed and updated >= desired and available >= desired and total <= max(desired, updated),
        "observed": observed,
    }


def shortfall(workload: Object) -> str:
    """What is missing from a rollout that the controller has seen, with what the controller says about it; empty when nothing is."""
    state = rollout(workload)
    if state["ready"]:
        return ""
    if state["available"] < state["desired"]:
        text = f"{state['available']} of {state['desired']} pods are available"
    elif state["updated"] < state["desired"]:
        text = f"{state['updated']} of {state['desired']} pods have the newest version"
    else:
        text = f"its newest version is not rolled out: {state['total'] - state['updated']} of {state['total']} pods are old ones"
    for condition in (workload.get("status") or {}).get("conditions") or []:
        failing = condition.get("type") == "ReplicaFailure" and condition.get("status") == "True"
        stuck = condition.get("type") == "Progressing" and condition.get("status") == "False"
        if failing or stuck:
            text += f"; {condition.get('reason')}: {condition.get('message')}"
    return text


def workload_problem(workload: Object) -> str:
    """Why a workload is not ready; empty when it is. A DaemonSet without a node to run on is not ready either."""
    state = rollout(workload)
    if not state["observed"]:
        return "its controller has not seen the newest specification yet"
    if state["desired"] == 0 and workload["kind"] == "DaemonSet":
        return "no node matches it"
    return shortfall(workload)


def selector(workload: Object) -> str:
    """The label selector of a workload's pods as the API takes it."""
    labels = workload["spec"]["selector"].get("matchLabels", {})
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _container_problem(status: Object) -> str:
    """What one container is stuck in."""
    state = status.get("state", {})
    if "waiting" in state:
        text = f"{state['waiting'].get('reason', 'waiting')}: {state['waiting'].get('message', '')}".rstrip(": ")
        last = status.get("lastState", {}).get("terminated")
        return text + (f" (last exit status {last.get('exitCode')}, {last.get('reason', '')} {last.get('message', '')})" if last else "")
    if "terminated" in state and state["terminated"].get("exitCode"):
        return f"ended with status {state['terminated']['exitCode']} ({state['terminated'].get('reason', '')})"
    if "running" in state and not status.get("ready"):
        return f"runs since {state['running'].get('startedAt', '?')}, but its readiness probe fails"
    return ""


def pod_problems(pod: Object) -> list[tuple[str, str]]:
    """(container, problem) of a pod that is not ready; container is empty for the pod as a whole."""
    status = pod.get("status", {})
    conditions = {item["type"]: item for item in status.get("conditions", [])}
    if conditions.get("Ready", {}).get("status") == "True" or status.get("phase") == "Succeeded":
        return []
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return [("", f"{scheduled.get('reason', 'not scheduled')}: {scheduled.get('message', '')}")]
    found = []
    for item in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        text = _container_problem(item)
        if text and not text.startswith("PodInitializing"):
            found.append((item["name"], text))
    return found or [("", f"phase {status.get('phase', '?')} {status.get('message', '')}".strip())]


def needs_log(status_text: str) -> bool:
    """A container that ran and fell over has something to say; one that never started has not."""
    return any(word in status_text for word in ("CrashLoopBackOff", "ended with", "probe fails", "exit status"))


def last_events(events: t.Sequence[Object], names: t.Collection[str], limit: int = 3) -> list[str]:
    """The newest warnings about some objects."""
    warnings = [event for event in events if event.get("type") == "Warning" and event.get("involvedObject", {}).get("name") in names]
    warnings.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    return [f"{event['involvedObject']['name']}: {event.get('reason', '')}: {event.get('message', '')}" for event in warnings[-limit:]]
