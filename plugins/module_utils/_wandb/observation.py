# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look until an instance serves or time is up, and report."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import ApiStatusError, ClusterError
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.cluster import Cluster
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.events import explain
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.instance import CHECKS, Look, Settings
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.report import Problem, render, verdicts

__all__ = ["CHECKS", "Settings", "observe"]

# How long a state that only a human can mend has to last before waiting ends: the operator may be about to look.
GIVE_UP_AFTER = 60.0


def _look(settings: Settings, cluster: Cluster | None, previous: Look | None, routes_always: bool) -> tuple[Cluster | None, Look | None, list[Problem]]:
    """One look, with what the API itself may refuse turned into a problem."""
    try:
        cluster = cluster or Cluster(settings.kubeconfig, settings.context, settings.request_timeout)
    except ClusterError as error:
        return None, None, [Problem("api", "kubeconfig", str(error), fatal=True)]
    try:
        look = Look(settings, cluster, previous).run(routes_always)
        return cluster, look, look.problems
    except ClusterError as error:
        return cluster, None, [Problem("api", "Kubernetes API", str(error))]
    except ApiStatusError as error:
        return cluster, None, [Problem("api", "Kubernetes API", f"HTTP {error.status}: {error}")]


def observe(settings: Settings) -> dict[str, t.Any]:
    """Look until W&B serves or time is up; then gather the evidence."""
    start = time.monotonic()
    attempts = 0
    cluster: Cluster | None = None
    look: Look | None = None
    fatal_since: float | None = None
    while True:
        attempts += 1
        cluster, look, problems = _look(settings, cluster, look, routes_always=not settings.wait)
        now = time.monotonic()
        fatal_since = (fatal_since or now) if any(problem.fatal for problem in problems) else None
        hopeless = fatal_since is not None and (now - fatal_since >= GIVE_UP_AFTER or any(problem.fatal and problem.check == "api" for problem in problems))
        if not problems or not settings.wait or hopeless or now - start + settings.wait_sleep > settings.wait_timeout:
            break
        time.sleep(settings.wait_sleep)
    if cluster is not None and look is not None and problems:
        try:
            explain(settings, cluster, problems)
        except (ClusterError, ApiStatusError) as error:
            problems = [*problems, Problem("api", "Kubernetes API", str(error))]
    return _result(settings, cluster, look, problems, time.monotonic() - start, attempts)


def _result(
    settings: Settings,
    cluster: Cluster | None,
    look: Look | None,
    problems: list[Problem],
    elapsed: float,
    attempts: int,
) -> dict[str, t.Any]:
    facts = look.facts if look else {}
    target = (facts.get("resource") or {}).get("host") or settings.host or f"{settings.namespace}/{settings.name}"
    command = None
    if cluster is not None and look is not None and problems:
        command = f"kubectl --kubeconfig {cluster.path} -n {settings.namespace} get wandb,deploy,pods,events"
    checks = {name: verdict for name, verdict in verdicts(problems, look.looked_at if look else ()).items() if name in ("api", *settings.checks)}
    return {
        **facts,
        "ready": not problems,
        "reachable": look is not None,
        "msg": render(f"W&B {target}", problems, checks, elapsed if settings.wait else None, command),
        "checks": checks,
        "problems": [problem.as_dict() for problem in problems],
        "elapsed": round(elapsed, 1),
        "attempts": attempts,
    }
