# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence for a report: events and the last words of broken containers."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import NotPassedOnError
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.cluster import Cluster
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.instance import Settings
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.report import Problem, last_lines, masked
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.routes import excerpt, readiness_reasons

MAX_LOGS = 8
MAX_EVENTS = 3


def explain(settings: Settings, cluster: Cluster, problems: t.Iterable[Problem]) -> None:
    """Put events and last log lines beside the problems, once, when the report is due."""
    logs = 0
    events: dict[str, list[t.Any]] = {}
    for problem in problems:
        namespace = settings.operator_namespace if problem.check == "operator" else settings.namespace
        if problem.events_of:
            if namespace not in events:
                events[namespace] = cluster.warnings(namespace)
            # What the pod's own state says already is not repeated.
            problem.details += [line for line in _event_lines(events[namespace], problem.events_of) if line.split(": ", 2)[2] not in problem.message]
        if problem.log_from and logs < MAX_LOGS:
            logs += 1
            problem.details += _probe(cluster, problem.probe_from)
            # Kubernetes' own questions fill a log, and say nothing.
            noise = problem.log_from.pop("without", [])
            try:
                text = cluster.log(lines=settings.log_lines + (100 if noise else 0), **problem.log_from)
            except NotPassedOnError as error:
                problem.details.append(f"log: {error}")
                continue
            problem.details += [f"log: {line}" for line in last_lines(text, settings.log_lines, without=noise)]
        if problem.check == "resource" and problem.events_of:
            # The operator tells nobody else why it does not get on.
            problem.details += _operator_log(settings, cluster)


def _probe(cluster: Cluster, target: t.Mapping[str, t.Any] | None) -> list[str]:
    """What the pod answers to the question that its readiness probe asks, through the API server."""
    if target is None:
        return []
    try:
        response = cluster.pod_page(**target)
    except NotPassedOnError as error:
        return [f"probe: {error}"]
    reasons = readiness_reasons(response) or [excerpt(response).removeprefix(": ") or "no reason given"]
    return [f"probe: {target['path']} says {reason}" for reason in reasons]


def _operator_log(settings: Settings, cluster: Cluster) -> list[str]:
    """Why the operator does not get on: its last lines that speak of an error."""
    for pod in cluster.pods(settings.operator_namespace):
        if "controller-manager" in pod["metadata"]["name"]:
            try:
                text = cluster.log(settings.operator_namespace, pod["metadata"]["name"], pod["spec"]["containers"][0]["name"], False, 300)
            except NotPassedOnError as error:
                return [f"operator log: {error}"]
            errors = [line for line in text.splitlines() if re.search(r"error|fail", line, re.IGNORECASE)]
            return [f"operator log: {line}" for line in last_lines("\n".join(errors or text.splitlines()), settings.log_lines, 600)]
    return []


def _event_lines(events: t.Sequence[t.Any], wanted: str) -> list[str]:
    kind, name = wanted.split("/", 1)
    mine = []
    for event in events:
        about = event.get("involvedObject") or {}
        # What a Deployment's ReplicaSet suffers is told about that one, whose name starts with the owner's.
        seen_kind, seen_name = about.get("kind"), str(about.get("name"))
        child = kind == "Deployment" and seen_kind == "ReplicaSet" and seen_name.startswith(f"{name}-")
        if child or (seen_kind == kind and seen_name == name):
            mine.append(event)
    mine.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    lines = [f"event: {event.get('reason')}: {masked(' '.join(str(event.get('message')).split()))[:300]}" for event in mine]
    return list(dict.fromkeys(lines))[-MAX_EVENTS:]
