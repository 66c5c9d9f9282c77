# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WeightsAndBiases and its Helm release: objects in, verdict out. No network here.

The operator's "Completed" says that Helm was called, not that the newest change has been read: that is
measured here from what only a finished run leaves behind.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._wandb.report import Problem

Object = t.Mapping[str, t.Any]
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # as kubectl and kubernetes.core write it


def release_of(item: Object) -> str | None:
    """The Helm release that an object belongs to; Helm writes it on everything that it installs."""
    return (item["metadata"].get("annotations") or {}).get("meta.helm.sh/release-name")


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


def applied(resource: Object) -> Object | None:
    """What was applied last, as the API server keeps it beside the object, if all of it is still so; None else."""
    try:
        found = json.loads((resource["metadata"].get("annotations") or {})[LAST_APPLIED])
    except (KeyError, ValueError):
        return None
    return found if isinstance(found, dict) and holds(resource, found) else None


def holds(seen: t.Any, wanted: t.Any) -> bool:
    """Whether an object has all that is wanted. What others have added to it is theirs; a list is one value."""
    if isinstance(wanted, dict):
        return isinstance(seen, dict) and all(holds(seen.get(key), value) for key, value in wanted.items())
    return bool(seen == wanted)


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
