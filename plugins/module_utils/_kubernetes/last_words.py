# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the pods of a workload are not ready: state, last lines of the log, newest warnings. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import ready
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import Api, NotPassedOnError

LINES = 5


def why(api: Api, namespace: str, pods: t.Iterable[ready.Object], lines: int = LINES) -> list[str]:
    """One line for each pod that is not ready, with what its container said last below it; then the cluster's warnings about these pods."""
    found, names = [], []
    for pod in pods:
        name = pod["metadata"]["name"]
        for container, text in ready.pod_problems(pod):
            names.append(name)
            found.append(f"  pod {name} on {pod['spec'].get('nodeName', 'no node')}{', container ' + container if container else ''}: {text}")
            if container and ready.needs_log(text):
                found += [f"    | {line}" for line in log(api, namespace, name, container, lines)]
    events = api.items(f"/api/v1/namespaces/{namespace}/events") if names else []
    return found + [f"  warning {line}" for line in ready.last_events(events, names)]


def log(api: Api, namespace: str, pod: str, container: str, lines: int = LINES) -> list[str]:
    """The last lines of a container, of its previous life when this one has none."""
    for previous in ("true", "false"):
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        try:
            answer = api.raw(path, "*/*", container=container, tailLines=lines, previous=previous)
        except NotPassedOnError as error:
            return [str(error)]
        if answer.status == 200 and answer.body:
            return answer.text.splitlines()
    return []
