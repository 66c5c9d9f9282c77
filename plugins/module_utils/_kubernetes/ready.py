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


def workload_counts(workload: Object) -> tuple[int, int, bool]:
    """Wanted, available with the newest template, and whether the controller has seen the newest specification."""
    status = workload.get("status", {})
    seen = status.get("observedGeneration", 0) >= workload["metadata"].get("generation", 0)
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return wanted, min(status.get("numberAvailable", 0), status.get("updatedNumberScheduled", 0)), seen
    wanted = workload["spec"].get("replicas", 1)
    available = status.get("availableReplicas", 0)
    return wanted, min(available, status.get("updatedReplicas", 0)), seen


def workload_problem(workload: Object) -> str:
    """Why a workload is not ready; empty when it is. A DaemonSet without a node to run on is not ready either."""
    wanted, available, seen = workload_counts(workload)
    if not seen:
        return "its controller has not seen the newest specification yet"
    if wanted == 0 and workload["kind"] == "DaemonSet":
        return "no node matches it"
    return "" if available >= wanted else f"{available} of {wanted} pods are ready"


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
