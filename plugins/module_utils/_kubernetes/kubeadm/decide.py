# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done with a host that shall be a node, decided from evidence alone. PRIVATE to the collection.

The rule that everything here follows: a host is only ever reset when an init or join of this collection was begun on a bare host and
never finished (the record of it is still there) and nothing says that it became a working member in the meantime.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

INITIALIZED = "initialized"
JOINED = "joined"

# Actions, in the order in which they can occur.
WAIT = "wait for another kubeadm"
START = "start the kubelet"
API = "wait for the API server"
RESET = "reset the half-made node"
INIT = "init"
JOIN = "join"
FINISH = "finish the interrupted run"
SCHEDULABLE = "let pods run on this control-plane node"
UNSCHEDULABLE = "keep pods off this control-plane node"

TAINT = "node-role.kubernetes.io/control-plane"


@dataclass
class Evidence:
    """What was seen on the host and, with the host's own credentials, in its cluster."""

    host: str = ""
    traces: t.Sequence[str] = ()  # files that only a (half-made) node has
    unfinished: str = ""  # init or join: begun by us, not known to have ended
    busy: bool = False  # another run of the module works on this host now
    admin_conf: bool = False
    etcd_data: bool = False
    kubelet_conf: str = ""  # "", embedded (as init first writes it), rotating (after bootstrap)
    bootstrap_conf: bool = False
    kubelet_healthy: bool = False
    kubelet_text: str = ""
    server: str = ""
    api: str = ""  # "", up, down
    api_text: str = ""
    cluster_version: str = ""
    node_known: t.Optional[bool] = None
    node_version: str = ""
    tainted: t.Optional[bool] = None
    other_nodes: int = 0
    missing: t.Sequence[str] = ()  # results of kubeadm init that the API does not show


@dataclass
class Wanted:
    """What the inventory says."""

    state: str
    version: str
    node_name: str
    server: str = ""  # https://name:port, empty: any
    schedulable: t.Optional[bool] = None


@dataclass
class Decision:
    """The verdict: what the host is, what to do about it, or why nothing may be done."""

    node: str  # bare, half-made, member, foreign
    actions: list[str] = field(default_factory=list)
    problem: str = ""
    reason: str = ""


def decide(seen: Evidence, wanted: Wanted) -> Decision:
    """The one place where it is decided what happens to a host."""
    if seen.busy:
        return Decision("half-made", [WAIT], reason="another kubeadm is at work on this host")
    if not seen.traces:
        return Decision("bare", [INIT if wanted.state == INITIALIZED else JOIN], reason="no trace of a node")
    if seen.unfinished:
        return _unfinished(seen, wanted)
    return _member(seen, wanted)


def _unfinished(seen: Evidence, wanted: Wanted) -> Decision:
    """An init or join of ours did not come to its end. Nothing can be lost unless the node works."""
    own = INIT if wanted.state == INITIALIZED else JOIN
    if seen.unfinished != own:
        return Decision("foreign", problem=_sentence(seen, f"has an unfinished kubeadm {seen.unfinished}, the inventory asks for {own}"))
    again = Decision("half-made", [RESET, own], reason=f"kubeadm {own} was interrupted")
    if own == INIT and not seen.etcd_data:
        return again
    if seen.api != "up":
        # An API server that answered about the node a moment ago serves a cluster: it is asked again before anything is thrown away.
        if seen.kubelet_conf != "rotating" and seen.node_known is None:
            # The last steps of init and join make the kubelet's certificate rotate: it did not get there, so nobody can have used the node.
            return again
        # Enough is there for a working node, so ask before anything is thrown away.
        return Decision("half-made", ([] if seen.kubelet_healthy else [START]) + [API, FINISH], reason=f"kubeadm {own} may have ended; {seen.api_text}")
    if own == INIT and seen.missing:
        if seen.other_nodes:
            text = f"has an unfinished kubeadm init ({', '.join(seen.missing)} missing) but {seen.other_nodes} other nodes belong to its cluster"
            return Decision("half-made", problem=_sentence(seen, text))
        again.reason += f": no {', '.join(seen.missing)}"
        return again
    if own == JOIN and not seen.node_known:
        again.reason += f": the cluster does not know a node {wanted.node_name}"
        return again
    return Decision("half-made", ([] if seen.kubelet_healthy else [START]) + [FINISH], reason=f"kubeadm {own} had ended, its record was left")


def _member(seen: Evidence, wanted: Wanted) -> Decision:
    """No run of ours is open: whatever is here may be somebody's cluster, and is never reset."""
    problem = _shape_problem(seen, wanted) or _identity_problem(seen, wanted) or _version_problem(seen, wanted)
    if problem:
        return Decision("foreign", problem=problem)
    actions = []
    if not seen.kubelet_healthy:
        actions.append(START)
    if seen.api != "up":
        actions.append(API)
    if wanted.state == INITIALIZED and wanted.schedulable is not None and seen.tainted is not None and seen.tainted == wanted.schedulable:
        actions.append(SCHEDULABLE if wanted.schedulable else UNSCHEDULABLE)
    reasons = [text for text in (seen.kubelet_text, seen.api_text) if text]
    return Decision("member", actions, reason="; ".join(reasons))


def _shape_problem(seen: Evidence, wanted: Wanted) -> str:
    """The files do not make the kind of node that is wanted."""
    listed = ", ".join(seen.traces[:6]) + (" …" if len(seen.traces) > 6 else "")
    if wanted.state == JOINED:
        if seen.admin_conf or seen.etcd_data:
            return _sentence(seen, f"is a control-plane node ({listed}), the inventory has it in kube_node only")
        if seen.kubelet_conf and not seen.bootstrap_conf:
            return ""
    elif seen.admin_conf and seen.etcd_data and seen.kubelet_conf:
        return ""
    elif seen.kubelet_conf and not seen.admin_conf and not seen.etcd_data:
        return _sentence(seen, f"is a worker node of {seen.server or 'a cluster'} ({listed}), the inventory has it in kube_control_plane")
    return _sentence(seen, f"has parts of a node that this collection did not make or does not know to be unfinished: {listed}")


def _identity_problem(seen: Evidence, wanted: Wanted) -> str:
    """It is a node, but of something else."""
    if wanted.server and seen.server and seen.server != wanted.server:
        return _sentence(seen, f"belongs to the cluster at {seen.server}, the inventory says {wanted.server} (kubernetes_control_plane_endpoint)")
    if seen.api == "up" and seen.node_known is False:
        return _sentence(seen, f"has the credentials of a node, but the cluster at {seen.server} does not know a node {wanted.node_name}: {seen.api_text}")
    return ""


def _version_problem(seen: Evidence, wanted: Wanted) -> str:
    """An upgrade is not what this is for."""
    for what, version in (("the API server", seen.cluster_version), ("the kubelet", seen.node_version)):
        # A worker does not judge the control plane: it is upgraded after it.
        if not version or (what == "the API server" and wanted.state == JOINED):
            continue
        if version.lstrip("v") != wanted.version.lstrip("v"):
            return (
                f"{seen.host} runs Kubernetes {version.lstrip('v')} ({what}), kubernetes_version asks for {wanted.version}. A running cluster is not upgraded"
                f" by this play, and was left as it is. Next: set kubernetes_version to {version.lstrip('v')}."
            )
    return ""


def _sentence(seen: Evidence, text: str) -> str:
    return (
        f"{seen.host} {text}. It is not touched, because it may hold somebody's cluster. Next: ansible-inventory -i <inventory> --graph; correct the inventory."
        f" If nothing on this host is needed, make it bare: ansible-playbook onprem.wandb.reset -i <inventory> --limit {seen.host} -e op_confirm=<site_name>"
    )


# What a finished kubeadm init leaves in the API: path, name in messages.
RESULTS = (
    ("/api/v1/namespaces/kube-system/configmaps/kubeadm-config", "ConfigMap kubeadm-config"),
    ("/api/v1/namespaces/kube-system/configmaps/kubelet-config", "ConfigMap kubelet-config"),
    ("/api/v1/namespaces/kube-public/configmaps/cluster-info", "ConfigMap cluster-info"),
    ("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kubeadm:get-nodes", "ClusterRoleBinding kubeadm:get-nodes"),
    ("/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy", "DaemonSet kube-proxy"),
    ("/apis/apps/v1/namespaces/kube-system/deployments/coredns", "Deployment coredns"),
    ("/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings/kube-proxy", "RoleBinding kube-proxy"),
)


COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def last_words(output: str, lines: int = 12) -> str:
    """The end of kubeadm's output: its errors when it names some, without anything that looks like a bootstrap token."""
    kept = [line.rstrip() for line in COLOUR.sub("", output).splitlines() if line.strip()]
    for number, line in enumerate(kept):
        if line.startswith(("error", "[preflight] Some fatal errors")) or "fatal errors occurred" in line:
            kept = kept[number:]
            break
    return "\n".join(scrub(line) for line in kept[-lines:])


def scrub(text: str) -> str:
    """Blank bootstrap tokens."""
    return re.sub(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b", "******.****************", text)
