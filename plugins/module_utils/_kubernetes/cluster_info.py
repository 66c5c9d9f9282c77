# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: objects of the Kubernetes API in the few words that checks ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Object = Mapping[str, Any]

DEFAULT_STORAGE = "storageclass.kubernetes.io/is-default-class"
DEFAULT_INGRESS = "ingressclass.kubernetes.io/is-default-class"
RELEASE = "meta.helm.sh/release-name"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


def notes(item: Object) -> Mapping[str, str]:
    """Annotations."""
    return (item.get("metadata") or {}).get("annotations") or {}


def name(item: Object) -> str:
    return str((item.get("metadata") or {}).get("name", ""))


def node(item: Object) -> dict[str, Any]:
    """One node: whether it takes pods, and why not."""
    status, spec = item.get("status") or {}, item.get("spec") or {}
    conditions = {entry["type"]: entry for entry in status.get("conditions") or []}
    facts = status.get("nodeInfo") or {}
    labels = (item.get("metadata") or {}).get("labels") or {}
    taints = [entry for entry in spec.get("taints") or [] if entry.get("effect") in ("NoSchedule", "NoExecute")]
    problems = [kind for kind in PRESSURES if conditions.get(kind, {}).get("status") == "True"]
    ready = conditions.get("Ready", {})
    if ready.get("status") != "True":
        problems.insert(0, "not ready: %s" % (ready.get("message") or ready.get("reason") or "the kubelet does not report"))
    return {
        "name": name(item),
        "ready": ready.get("status") == "True",
        "schedulable": not spec.get("unschedulable") and not taints,
        "control_plane": "node-role.kubernetes.io/control-plane" in labels,
        "version": str(facts.get("kubeletVersion", "")),
        "runtime": str(facts.get("containerRuntimeVersion", "")),
        "architecture": str(facts.get("architecture", "")),
        "addresses": [entry["address"] for entry in status.get("addresses") or [] if entry.get("type") == "InternalIP"],
        "problems": problems,
    }


def storage_class(item: Object) -> dict[str, Any]:
    return {"name": name(item), "default": notes(item).get(DEFAULT_STORAGE) == "true", "provisioner": str(item.get("provisioner", ""))}


def ingress_class(item: Object) -> dict[str, Any]:
    controller = (item.get("spec") or {}).get("controller", "")
    return {"name": name(item), "default": notes(item).get(DEFAULT_INGRESS) == "true", "controller": str(controller)}


def pending_claims(claims: Iterable[Object], classes: Iterable[Object]) -> list[str]:
    """Claims without a volume that should have one. A class may wait for the first pod: then only a claim with a chosen node counts."""
    lazy = {name(item) for item in classes if item.get("volumeBindingMode") == "WaitForFirstConsumer"}
    found = []
    for item in claims:
        waiting = (item.get("status") or {}).get("phase") == "Pending"
        wanted = (item.get("spec") or {}).get("storageClassName") not in lazy or SELECTED_NODE in notes(item)
        if waiting and wanted:
            found.append("%s/%s" % (item["metadata"].get("namespace", ""), name(item)))
    return found


def ingress(item: Object) -> dict[str, Any]:
    """One Ingress: class, hosts, secrets, and the Helm release that made it."""
    spec = item.get("spec") or {}
    return {
        "name": name(item),
        "class": str(spec.get("ingressClassName") or ""),
        "release": notes(item).get(RELEASE, ""),
        "hosts": [rule.get("host", "") for rule in spec.get("rules") or []],
        "tls_secrets": [entry.get("secretName", "") for entry in spec.get("tls") or []],
        "tls_hosts": [host for entry in spec.get("tls") or [] for host in entry.get("hosts") or []],
    }


def images(workloads: Iterable[Object]) -> list[str]:
    """Images of all containers, each once."""
    found = set()
    for item in workloads:
        pod = ((item.get("spec") or {}).get("template") or {}).get("spec") or {}
        for container in [*(pod.get("initContainers") or []), *(pod.get("containers") or [])]:
            found.add(str(container.get("image", "")))
    return sorted(found)
