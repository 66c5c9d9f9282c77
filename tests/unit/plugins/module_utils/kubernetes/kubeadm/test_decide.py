# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host is reset only when nothing can be lost: every kind of host, and what happens to it."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm import decide as k

SERVER = "https://k8s.example.com:6443"
MEMBER_CP = {
    "traces": ["/etc/kubernetes/admin.conf"], "admin_conf": True, "etcd_data": True, "kubelet_conf": "rotating", "kubelet_healthy": True,
    "server": SERVER, "api": "up", "cluster_version": "v1.36.4", "node_version": "v1.36.4", "node_known": True, "tainted": True,
}
MEMBER_NODE = {
    "traces": ["/etc/kubernetes/kubelet.conf"], "kubelet_conf": "rotating", "kubelet_healthy": True, "server": SERVER, "api": "up",
    "cluster_version": "v1.36.4", "node_version": "v1.36.4", "node_known": True, "tainted": False,
}


def cp(schedulable: bool | None = False, **seen: t.Any) -> k.Decision:
    return k.decide(k.Evidence(host="cp1", **seen), k.Wanted(k.INITIALIZED, "1.36.4", "cp1", SERVER, schedulable))


def node(**seen: t.Any) -> k.Decision:
    return k.decide(k.Evidence(host="node1", **seen), k.Wanted(k.JOINED, "1.36.4", "node1", SERVER))


def test_bare_hosts_are_made_nodes() -> None:
    assert (cp().node, cp().actions) == ("bare", [k.INIT])
    assert (node().node, node().actions) == ("bare", [k.JOIN])


def test_a_record_without_traces_is_a_bare_host() -> None:
    assert cp(unfinished="init").actions == [k.INIT]


def test_working_nodes_are_left_alone() -> None:
    for decision in (cp(**MEMBER_CP), node(**MEMBER_NODE)):
        assert (decision.node, decision.actions, decision.problem) == ("member", [], "")


def test_another_kubeadm_is_waited_for() -> None:
    assert cp(busy=True, unfinished="init", traces=["x"]).actions == [k.WAIT]


def test_a_stopped_kubelet_is_started() -> None:
    assert node(**{**MEMBER_NODE, "kubelet_healthy": False}).actions == [k.START]


def test_an_unreachable_api_is_waited_for_and_no_reason_for_a_reset() -> None:
    assert node(**{**MEMBER_NODE, "api": "down", "node_known": None}).actions == [k.API]
    assert cp(**{**MEMBER_CP, "api": "down", "node_known": None, "kubelet_healthy": False}).actions == [k.START, k.API]


@pytest.mark.parametrize(("tainted", "schedulable", "actions"), [
    (True, False, []), (False, True, []), (True, True, [k.SCHEDULABLE]), (False, False, [k.UNSCHEDULABLE]), (True, None, []), (False, None, []),
])
def test_the_taint_follows_the_inventory(tainted: bool, schedulable: bool | None, actions: list[str]) -> None:
    assert cp(schedulable, **{**MEMBER_CP, "tainted": tainted}).actions == actions


@pytest.mark.parametrize(("decision", "words"), [
    (cp(**{**MEMBER_CP, "cluster_version": "v1.36.3"}), ["1.36.3", "kubernetes_version asks for 1.36.4", "left as it is"]),
    (node(**{**MEMBER_NODE, "node_version": "v1.35.8"}), ["1.35.8", "(the kubelet)"]),
    (node(**{**MEMBER_NODE, "server": "https://other:6443"}), ["https://other:6443", SERVER]),
    (node(**{**MEMBER_NODE, "node_known": False, "api_text": "answers 404"}), ["does not know a node node1", "reset -i <inventory> --limit node1"]),
    (node(traces=["/etc/kubernetes/admin.conf"], admin_conf=True), ["control-plane node", "kube_node only"]),
    (cp(**{**MEMBER_NODE, "traces": ["/etc/kubernetes/kubelet.conf"]}), ["is a worker node", "kube_control_plane"]),
    (cp(traces=["/etc/kubernetes/pki/ca.crt"]), ["/etc/kubernetes/pki/ca.crt", "not touched"]),
    (cp(traces=["/var/lib/etcd/member"], etcd_data=True), ["/var/lib/etcd/member"]),
    (node(traces=["x"], unfinished="init"), ["unfinished kubeadm init", "asks for join"]),
    (cp(**{**MEMBER_CP, "unfinished": "init", "missing": ["DaemonSet kube-proxy"], "other_nodes": 2}), ["2 other nodes"]),
])
def test_what_may_be_somebodys_is_refused_with_a_sentence(decision: k.Decision, words: list[str]) -> None:
    assert decision.actions == []
    for word in words:
        assert word in decision.problem


def test_a_worker_does_not_judge_the_version_of_the_control_plane() -> None:
    assert node(**{**MEMBER_NODE, "cluster_version": "v1.36.5"}).problem == ""


@pytest.mark.parametrize("seen", [
    {"traces": ["/etc/kubernetes/pki/ca.key"]},
    {"traces": ["/etc/kubernetes/admin.conf"], "admin_conf": True, "kubelet_conf": "embedded"},
    {"traces": ["x"], "admin_conf": True, "kubelet_conf": "embedded", "etcd_data": True, "api": "down"},
    {"traces": ["x"], "admin_conf": True, "kubelet_conf": "embedded", "etcd_data": True, "api": "up", "missing": ["ConfigMap kubeadm-config"]},
    {"traces": ["x"], "admin_conf": True, "kubelet_conf": "rotating", "etcd_data": True, "api": "up", "missing": ["DaemonSet kube-proxy"]},
])
def test_an_interrupted_init_is_made_anew(seen: dict[str, t.Any]) -> None:
    decision = cp(unfinished="init", **seen)
    assert (decision.node, decision.actions) == ("half-made", [k.RESET, k.INIT])


@pytest.mark.parametrize("seen", [
    {"bootstrap_conf": True},
    {"bootstrap_conf": True, "kubelet_conf": "rotating", "api": "up", "node_known": False},
    {"kubelet_conf": "rotating", "api": "up", "node_known": False},
])
def test_an_interrupted_join_is_made_anew(seen: dict[str, t.Any]) -> None:
    assert node(unfinished="join", traces=["x"], **seen).actions == [k.RESET, k.JOIN]


def test_a_run_that_had_ended_is_only_finished() -> None:
    assert cp(unfinished="init", **MEMBER_CP).actions == [k.FINISH]
    assert node(unfinished="join", bootstrap_conf=True, **MEMBER_NODE).actions == [k.FINISH]
    assert node(unfinished="join", **{**MEMBER_NODE, "kubelet_healthy": False}).actions == [k.START, k.FINISH]


def test_a_record_is_no_licence_to_reset_what_may_work() -> None:
    assert cp(unfinished="init", **{**MEMBER_CP, "api": "down"}).actions == [k.API, k.FINISH]
    assert node(unfinished="join", **{**MEMBER_NODE, "api": "down", "node_known": None}).actions == [k.API, k.FINISH]


def test_no_evidence_whatsoever_resets_a_host_without_a_record() -> None:
    flags = itertools.product([True, False], [True, False], ["", "embedded", "rotating"], [True, False], [True, False], ["up", "down", ""], [True, False, None])
    for admin, etcd, conf, bootstrap, healthy, api, known in flags:
        seen = {
            "traces": ["x"], "admin_conf": admin, "etcd_data": etcd, "kubelet_conf": conf, "bootstrap_conf": bootstrap, "kubelet_healthy": healthy,
            "api": api, "node_known": known,
        }
        for decision in (cp(**seen), node(**seen)):
            assert not {k.RESET, k.INIT, k.JOIN} & set(decision.actions), seen


def test_last_words_begin_with_the_error_and_hold_no_token() -> None:
    output = "[certs] Generating\n[preflight] Some fatal errors occurred:\n\t[ERROR Port-6443]: Port 6443 is in use\njoin --token abcdef.0123456789abcdef\n"
    words = k.last_words(output)
    assert words.startswith("[preflight] Some fatal errors")
    assert "Port 6443" in words
    assert "abcdef.0123456789abcdef" not in words
