# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What role kubernetes asks of its variables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import _addresses
from .._preflight.model import SITE, Finding
from .model import Place

NODE_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?\Z")
# Fields of kubeadm's Timeouts (v1beta4). One that it does not know ends it, after three layers have changed.
TIMEOUTS = (
    *("controlPlaneComponentHealthCheck", "kubeletHealthCheck", "kubernetesAPICall", "etcdAPICall"),
    *("tlsBootstrap", "discovery", "upgradeManifests"),
)
DURATION = re.compile(r"(?=[1-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?\Z")
ENDPOINT = re.compile(r"[a-zA-Z][a-zA-Z0-9.-]*:[0-9]+\Z")


def control_plane(place: Place) -> Iterator[Finding]:
    """One control-plane host in this release, and never none: the nodes have to join something."""
    names = place.groups.get("kube_control_plane", [])
    if not names:
        remedy = "put a host into group kube_control_plane, or empty group kube_node; ansible-inventory -i <inventory> --graph"
        yield Finding(SITE, "group kube_control_plane", "empty", "one host, as group kube_node has hosts", remedy)
    elif len(names) > 1:
        remedy = "leave one host in the group, as several are not supported yet; ansible-inventory -i <inventory> --graph kube_control_plane"
        yield Finding(SITE, "group kube_control_plane", ", ".join(names), "one host", remedy)


def node_name(place: Place) -> Iterator[Finding]:
    """Kubernetes takes names of DNS in lower case."""
    name = place.host.text("kubernetes_node_name")
    if name and not NODE_NAME.match(name):
        remedy = "in host_vars of this host kubernetes_node_name: %s" % suggestion(name)
        yield Finding(place.host.name, "kubernetes_node_name", name, "lower-case letters, digits, dots and dashes, at most 63", remedy)


def suggestion(name: str) -> str:
    """The nearest name that Kubernetes takes."""
    return re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-.")[:63].strip("-.") or "node1"


def endpoint(place: Place) -> Iterator[Finding]:
    """The API's name stands in every certificate and kubeconfig: it outlives the address of a host."""
    value = place.host.text("kubernetes_control_plane_endpoint")
    if value and (not ENDPOINT.match(value) or _addresses.loopback(value.rpartition(":")[0])):
        remedy = "in group_vars/all.yml a name of yours, kubernetes_control_plane_endpoint: k8s.example.com:6443"
        yield Finding(SITE, "kubernetes_control_plane_endpoint", value, "a DNS name that the other machines know, a colon and a port, without https://", remedy)


def timeouts(place: Place) -> Iterator[Finding]:
    """kubeadm's own limits: its names, and durations as Go writes them."""
    for name, value in place.host.mapping("kubernetes_kubeadm_timeouts").items():
        variable = "kubernetes_kubeadm_timeouts.%s" % name
        if name not in TIMEOUTS:
            remedy = "kubernetes_kubeadm_timeouts: {kubernetesAPICall: 5m0s}"
            yield Finding(SITE, variable, str(value), "one of kubeadm's names: %s" % ", ".join(TIMEOUTS), remedy)
        elif not isinstance(value, str) or not DURATION.match(value):
            remedy = "kubernetes_kubeadm_timeouts: {%s: 5m0s}" % name
            yield Finding(SITE, variable, str(value), "a duration with its unit, such as 5m0s or 90s", remedy)


RULES = (control_plane, node_name, endpoint, timeouts)
