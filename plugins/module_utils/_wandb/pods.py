# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a pod from being ready: scheduling, images, configuration, crashes, probes."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._wandb.report import Problem

Object = t.Mapping[str, t.Any]


def _container_trouble(status: Object, init: bool) -> tuple[str, bool | None] | None:
    """Why a container does not do its work, and whose log tells more: previous run, this one, or none."""
    state = status.get("state") or {}
    kind = "init container" if init else "container"
    label = f"{kind} {status.get('name')}"
    last = (status.get("lastState") or {}).get("terminated") or {}
    history = f" (it ended {status['restartCount']} times" + _ending(last, ", last with ") + ")" if status.get("restartCount") and last else ""
    if "waiting" in state:
        reason = state["waiting"].get("reason") or "waiting"
        if reason == "PodInitializing":
            return None
        message = state["waiting"].get("message")
        log = True if reason == "CrashLoopBackOff" else None
        return f"{label}: {reason}" + (f": {message}" if message else "") + history, log
    if "terminated" in state:
        if init and state["terminated"].get("exitCode") == 0:
            return None
        return f"{label}: ended{_ending(state['terminated'], ' with ')}{history}", False
    if "running" in state and init and not (status.get("started") and status.get("ready")):
        # One with restartPolicy Always goes on and counts as ready; any other has not finished.
        return f"{label}: still running, the containers after it wait for it{history}", False
    if "running" in state and not status.get("ready"):
        return f"{label}: running, but its readiness probe does not succeed{history}", False
    return None


def _ending(terminated: Object, before: str) -> str:
    if not terminated:
        return ""
    reason = terminated.get("reason")
    text = f"{before}exit code {terminated.get('exitCode')}"
    return text + (f", {reason}" if reason and reason not in ("Error", "Completed") else "")


def judge_nodes(nodes: t.Sequence[Object], check: str = "workloads") -> list[Problem]:
    """Nodes that take no pods, or put them out: why pods wait or were evicted."""
    problems = []
    for node in nodes:
        wrong = []
        for condition in (node.get("status") or {}).get("conditions") or []:
            bad = condition.get("status") != "True" if condition.get("type") == "Ready" else condition.get("status") == "True"
            if bad:
                wrong.append(f"{'not ' if condition['type'] == 'Ready' else ''}{condition['type']}: {condition.get('message') or condition.get('reason')}")
        if (node.get("spec") or {}).get("unschedulable"):
            wrong.append("cordoned: no pod is sent to it")
        if wrong:
            problems.append(Problem(check, f"node {node['metadata']['name']}", "; ".join(wrong)))
    return problems


def probe_paths(pod: Object, container: str) -> list[tuple[str, int | None]]:
    """Paths and ports of the container's HTTP probes, the readiness probe first."""
    for entry in (pod.get("spec") or {}).get("containers") or []:
        if entry.get("name") == container:
            ports = {port.get("name"): port.get("containerPort") for port in entry.get("ports") or []}
            probes = [(entry.get(f"{kind}Probe") or {}).get("httpGet") or {} for kind in ("readiness", "liveness", "startup")]
            found = [(probe["path"], probe.get("port")) for probe in probes if probe.get("path")]
            return [(path, port if isinstance(port, int) else ports.get(port)) for path, port in found]
    return []


def judge_pod(pod: Object, check: str = "workloads") -> list[Problem]:
    """What keeps a pod from being ready: scheduling, images, configuration, crashes, probes."""
    meta, status = pod["metadata"], pod.get("status") or {}
    node = (pod.get("spec") or {}).get("nodeName")
    subject = f"pod {meta['name']}" + (f" on {node}" if node else "")
    events = f"Pod/{meta['name']}"
    conditions = {entry["type"]: entry for entry in status.get("conditions") or []}
    if status.get("phase") == "Succeeded" or conditions.get("Ready", {}).get("status") == "True":
        return []
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return [Problem(check, subject, f"{scheduled.get('reason')}: {scheduled.get('message')}", events_of=events)]
    if status.get("phase") == "Failed" and status.get("reason"):
        return [Problem(check, subject, f"{status['reason']}: {status.get('message') or 'no message'}", events_of=events)]
    problems = []
    entries = [(entry, True) for entry in status.get("initContainerStatuses") or []] + [(entry, False) for entry in status.get("containerStatuses") or []]
    for entry, init in entries:
        trouble = _container_trouble(entry, init)
        if trouble is None:
            continue
        message, previous = trouble
        problem = Problem(check, subject, message, events_of=events)
        probes = probe_paths(pod, entry["name"])
        if previous is not None:
            where = {"namespace": meta["namespace"], "pod": meta["name"]}
            problem.log_from = {**where, "container": entry["name"], "previous": previous, "without": [path for path, _port in probes]}
            if "running" in entry["state"] and not init and probes and probes[0][1]:
                problem.probe_from = {**where, "port": probes[0][1], "path": probes[0][0]}
        problems.append(problem)
        if init:
            break
    if not problems:
        ready = conditions.get("Ready", {})
        why = ready.get("message") or ready.get("reason") or f"phase {status.get('phase', 'unknown')}"
        problems.append(Problem(check, subject, f"not ready: {why}", events_of=events))
    return problems
