# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows about the cluster and about what the operator made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..model import FAIL, NOT_APPLICABLE, Facts, Row, failed, reason, verdict

FLOOR = (1, 34)
WANTED_NODES = 3


def minor(text: str) -> tuple[int, int]:
    match = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


def broken(facts: Facts, *rows: tuple[str, str, str]) -> list[Row]:
    """All rows of this file fail when the cluster cannot be asked."""
    cluster = facts.here("cluster")
    return [Row(*row, reason(cluster), FAIL) for row in rows] if failed(cluster) else []


def nodes(facts: Facts) -> Iterator[Row]:
    """RA-02: enough worker nodes, all of them fit for work."""
    wanted = int(facts.settings.get("nodes", WANTED_NODES))
    note = "" if wanted >= WANTED_NODES else " (site's own figure; W&B starts with %d)" % WANTED_NODES
    row = ("RA-02", "multi-node cluster", "at least %d ready worker nodes%s" % (wanted, note))
    lost = broken(facts, row)
    if lost:
        yield from lost
        return
    found = facts.here("cluster")["nodes"]
    workers = [node for node in found if node["ready"] and node["schedulable"]]
    problems = ["%s: %s" % (node["name"], ", ".join(node["problems"])) for node in found if node["problems"]]
    text = "%d ready (%s)" % (len(workers), ", ".join(node["name"] for node in workers) or "none")
    yield Row(*row, "; ".join([text, *problems]), verdict(len(workers) >= wanted and not problems))


def version(facts: Facts) -> Iterator[Row]:
    """RA-04: the API server and every kubelet."""
    row = ("RA-04", "Kubernetes version", "1.34 or newer")
    lost = broken(facts, row)
    if lost:
        yield from lost
        return
    cluster = facts.here("cluster")
    old = ["%s %s" % (name, text) for name, text in versions(cluster) if minor(text) < FLOOR]
    yield Row(*row, ", ".join(old) or "%s on API server and %d nodes" % (cluster["version"], len(cluster["nodes"])), verdict(not old))


def versions(cluster: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("API server", cluster["version"]), *((node["name"], node["version"]) for node in cluster["nodes"])]


def ingress_class(facts: Facts) -> Iterator[Row]:
    """RA-05: the class that W&B's Ingress names exists."""
    wanted = str(facts.settings.get("ingress_class", ""))
    row = ("RA-05", "ingress controller with an IngressClass", "class %s" % wanted if wanted else "an IngressClass")
    lost = broken(facts, row)
    if lost:
        yield from lost
        return
    found = {item["name"]: item for item in facts.here("cluster")["ingress_classes"]}
    good = wanted in found if wanted else bool(found)
    yield Row(*row, ", ".join("%s (%s)" % (name, item["controller"]) for name, item in found.items()) or "none", verdict(good))


def volumes(facts: Facts) -> Iterator[Row]:
    """RA-06: a default class, and no claim that waits for a volume in vain."""
    row = ("RA-06", "PersistentVolumes are provisioned", "a default StorageClass, no claim left waiting")
    lost = broken(facts, row)
    if lost:
        yield from lost
        return
    cluster = facts.here("cluster")
    defaults = ["%s (%s)" % (item["name"], item["provisioner"]) for item in cluster["storage_classes"] if item["default"]]
    waiting = cluster["pending_claims"]
    text = "default %s, %d claims bound" % (", ".join(defaults) or "none", cluster["bound_claims"])
    yield Row(*row, text + ("; waiting: " + ", ".join(waiting) if waiting else ""), verdict(len(defaults) == 1 and not waiting))


def helm(facts: Facts) -> Iterator[Row]:
    """RA-08: Helm 3 on the controller."""
    row = ("RA-08", "Helm version", "3.x")
    lost = broken(facts, row)
    if lost:
        yield from lost
        return
    seen = str(facts.here("cluster").get("helm") or "")
    yield Row(*row, seen or "no helm program named", verdict(seen.startswith("v3.")) if seen else NOT_APPLICABLE)


def ingress_object(facts: Facts) -> Iterator[Row]:
    """RA-26: made by the operator's release, for the right host, with TLS."""
    release, host = str(facts.settings.get("name", "wandb")), str(facts.settings.get("host", ""))
    row = ("RA-26", "Ingress object made by the operator", "of Helm release %s, for %s, with a TLS secret" % (release, host))
    lost = broken(facts, row)
    if lost:
        yield from lost
        return
    found = [item for item in facts.here("cluster")["ingresses"] if host in item["hosts"]]
    wrong = ["there is no Ingress for the host"] if not found else []
    for item in found:
        wrong += ["%s belongs to %s" % (item["name"], item["release"] or "no Helm release")] if item["release"] != release else []
        wrong += ["%s has no TLS secret" % item["name"]] if not any(item["tls_secrets"]) else []
        wrong += ["%s names no class" % item["name"]] if not item["class"] else []
    good = ", ".join("%s (class %s, secret %s)" % (item["name"], item["class"], ", ".join(item["tls_secrets"])) for item in found)
    yield Row(*row, "; ".join(wrong) or good, verdict(not wrong))


def operator(facts: Facts) -> Iterator[Row]:
    """RA-30: operator and instance are Helm releases that are deployed, and nothing runs an image by tag latest."""
    row = ("RA-30", "W&B operator by Helm", "operator ready, release made from the resource as it is now")
    instance, cluster = facts.here("instance"), facts.here("cluster")
    if failed(instance):
        yield Row(*row, reason(instance), FAIL)
        return
    problems = said(instance, "api", "resource", "operator", "release")
    problems += ["image without a fixed tag: " + image for image in cluster.get("images") or [] if unpinned(image)]
    release = (instance.get("operator") or {}).get("release") or {}
    mine = instance.get("release") or {}
    good = "chart %s %s; %s %s" % (release.get("chart"), release.get("chart_version"), mine.get("chart"), mine.get("chart_version"))
    yield Row(*row, "; ".join(problems) or good, verdict(not problems))


def unpinned(image: str) -> bool:
    """Whether an image has no tag or digest of its own."""
    name = image.rsplit("/", 1)[-1]
    return "@" not in image and (":" not in name or name.endswith(":latest"))


def said(instance: Mapping[str, Any], *checks: str) -> list[str]:
    """What wandb_instance_info has against some of its checks; a check that was not reached counts."""
    problems = ["%s: %s" % (problem["subject"], problem["message"]) for problem in instance.get("problems") or [] if problem["check"] in checks]
    verdicts = instance.get("checks") or {}
    if not problems:
        problems = ["%s was not looked at" % check for check in checks if verdicts.get(check) is None and check in verdicts]
    return problems


def workloads(facts: Facts) -> Iterator[Row]:
    """Our own: everything that the release brought runs."""
    row = ("EX-02", "every workload of W&B is ready", "all pods of the newest version available")
    instance = facts.here("instance")
    if failed(instance):
        yield Row(*row, reason(instance), FAIL)
        return
    problems = said(instance, "workloads")
    yield Row(*row, "; ".join(problems) or "%d workloads" % len(instance.get("workloads") or []), verdict(not problems))


def dependencies(facts: Facts) -> Iterator[Row]:
    """Our own: W&B itself says that database, queue and bucket are usable."""
    row = ("EX-03", "W&B can use database, queue and bucket", "its services answer /ready with 200")
    instance = facts.here("instance")
    if failed(instance):
        yield Row(*row, reason(instance), FAIL)
        return
    problems = said(instance, "readiness")
    asked = instance.get("readiness") or []
    if not problems and not asked:
        problems = ["no service was asked"]
    yield Row(*row, "; ".join(problems) or ", ".join("%s %s" % (item["service"], item["status"]) for item in asked), verdict(not problems))


RULES = (nodes, version, ingress_class, volumes, helm, ingress_object, operator, workloads, dependencies)
