# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Versions that W&B, Kubernetes or the catalogue do not support, with the reason."""

from __future__ import annotations

from collections.abc import Iterator

from ....module_utils._artifact import plan
from ....module_utils._say import CORRECT
from ... import _catalogue
from ..._mysql.series import parse, series_problem
from ..interface import ARTIFACT_VERSIONS
from ..model import CONTROLLER, KUBE_GROUPS, WARNING, Finding, Host, Site

ROOT = "/opt/onprem-wandb"  # only links are held against it
Version = tuple[int, ...]

REDIS = (7,)
KUBERNETES_FLOOR = (1, 34)
KUBERNETES_ENDED = {(1, 34): "2026-10-27"}
KUBERNETES_NEWEST = (1, 37)
# Oldest containerd per line, from containerd's RELEASES.md.
CONTAINERD_FOR: dict[Version, tuple[tuple[int, int, int], ...]] = {
    (1, 34): ((2, 1, 3), (2, 0, 6), (1, 7, 28)),
    (1, 35): ((2, 2, 0), (2, 1, 5), (1, 7, 28)),
    (1, 36): ((2, 3, 0), (2, 2, 0)),
    (1, 37): ((2, 3, 0),),
}


def kubernetes(site: Site) -> Iterator[Finding]:
    """W&B needs 1.34 or newer; the role writes kubeadm v1beta4 for the minors it was tested with."""
    for host in site.members(*KUBE_GROUPS):
        text = host.text("kubernetes_version")
        found = parse(text)
        expected = "%d.%d.x to %d.%d.x" % (*KUBERNETES_FLOOR, *KUBERNETES_NEWEST)
        if not text:
            continue
        if len(found) != 3:
            yield Finding(host.name, "kubernetes_version", text, "a full version such as 1.36.4", "major.minor.patch without v; kubernetes_version: 1.36.4")
        elif found[:2] < KUBERNETES_FLOOR:
            remedy = "W&B supports Kubernetes 1.34 or newer, and older ones get no fixes; kubernetes_version: 1.36.4"
            yield Finding(host.name, "kubernetes_version", text, expected, remedy)
        elif found[:2] > KUBERNETES_NEWEST:
            yield Finding(host.name, "kubernetes_version", text, expected, "this release of the collection does not know it; kubernetes_version: 1.36.4")
        elif found[:2] in KUBERNETES_ENDED:
            ended = KUBERNETES_ENDED[found[:2]]
            remedy = "upstream support ended %s; kubernetes_version: 1.36.4, one minor at a time" % ended
            yield Finding(host.name, "kubernetes_version", text, "1.35.x or newer", remedy, WARNING)


def containerd(site: Site) -> Iterator[Finding]:
    """Pairs of containerd and Kubernetes that upstream does not support."""
    for host in site.members(*KUBE_GROUPS):
        text = host.text("containerd_version")
        found, minor = parse(text), parse(host.text("kubernetes_version"))[:2]
        floors = CONTAINERD_FOR.get(minor)
        if not text or not floors:
            continue
        newest = max(floors)
        if found[:2] > newest[:2] or any(found[:2] == floor[:2] and found >= floor for floor in floors):
            continue
        lines = ", ".join("%d.%d.%d or a later %d.%d" % (*floor, *floor[:2]) for floor in floors)
        yield Finding(host.name, "containerd_version", text, lines, "Kubernetes %d.%d is not supported on it; containerd_version: 2.3.4" % minor)


def mysql(site: Site) -> Iterator[Finding]:
    """MySQL series that W&B supports."""
    for host in site.members("mysql"):
        text = host.text("mysql_version")
        reason = series_problem(text) if text else ""
        if reason:
            yield Finding(host.name, "mysql_version", text, "8.0.32 or newer, 8.4.x, 9.7.x", "%s; mysql_version: 8.4.11" % reason.rstrip("."))


def redis(site: Site) -> Iterator[Finding]:
    """W&B supports Redis 7."""
    for host in site.members("redis"):
        text = host.text("redis_version")
        if text and parse(text)[:1] != REDIS:
            yield Finding(host.name, "redis_version", text, "7.x", "W&B supports Redis 7 only; redis_version: '7.2'")


def helm(site: Site) -> Iterator[Finding]:
    """W&B's charts are installed with Helm 3."""
    text = site.controller.text("wandb_helm_version")
    if text and parse(text)[:1] != (3,):
        yield Finding(CONTROLLER, "wandb_helm_version", text, "3.x", "W&B supports Helm 3 only; wandb_helm_version: 3.21.3")


def reader(site: Site, role: str) -> Host | None:
    """Where the version of a role's artifact is read; None when the layer is not ours."""
    targets = site.targets(role)
    return targets[0] if targets else None


def checksums(site: Site) -> Iterator[Finding]:
    """A version without a checksum cannot be installed: neither the catalogue nor artifacts_overrides has it."""
    if site.catalogue is None:
        return
    mirror = site.controller.text("artifacts_mirror")
    try:
        _catalogue.check_mirror(mirror)
    except (_catalogue.CatalogueError, ValueError) as error:
        yield Finding(CONTROLLER, "artifacts_mirror", mirror, "the address of a mirror: %s" % error, "artifacts_mirror: http://mirror.example.com:8080")
        return
    for role, variable, artifacts in ARTIFACT_VERSIONS:
        host = reader(site, role)
        version = host.variables.get(variable) if host and role in site.specs else None
        if host is None or not isinstance(version, str) or not version:
            continue
        for artifact in artifacts:
            try:
                plan.parse([_catalogue.resolve(site.catalogue, artifact, version, mirror)], ROOT)
            except (plan.ArtifactError, TypeError, ValueError) as error:  # what is not of the catalogue's own
                told = str(error).replace(CORRECT, "").strip()
                remedy = "correct the entry, artifacts_overrides: {%s: {...}}" % artifact
                yield Finding(host.name, "artifacts_overrides.%s" % artifact, version, "what can be fetched. %s" % told, remedy)
                break
            except _catalogue.CatalogueError as error:
                yield Finding(host.name, variable, version, "a version with a checksum in the catalogue", str(error))
                break


RULES = (kubernetes, containerd, mysql, redis, helm, checksums)
