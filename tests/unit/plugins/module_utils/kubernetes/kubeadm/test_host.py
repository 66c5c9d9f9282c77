# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of a host say, and that a record survives a crash."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm import host as h
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm.decide import API, FINISH, INITIALIZED, TAINT, Evidence, Wanted, decide
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm.api import Access

WANTED = Wanted("joined", "1.36.4", "node1", "https://k8s:6443")


@pytest.fixture
def host(tmp_path: pathlib.Path) -> h.Host:
    return h.Host("node1", str(tmp_path))


def put(host: h.Host, path: str, text: str = "x") -> None:
    target = pathlib.Path(host.path(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


class FakeApi:
    """Answers from a table; a path that is not in it is 404."""

    def __init__(self, table: dict[str, tuple[int, t.Any]]) -> None:
        self.table, self.access, self.closed = table, Access("https://k8s:6443"), False

    def get(self, path: str) -> tuple[int, t.Any]:
        return self.table.get(path, (404, {"message": "not found"}))

    def close(self) -> None:
        self.closed = True


def test_a_bare_host_has_no_traces(host: h.Host) -> None:
    # Empty directories are what a package or a reset leaves.
    os.makedirs(host.path("/etc/kubernetes/manifests"))
    os.makedirs(host.path("/etc/kubernetes/pki"))
    os.makedirs(host.path("/var/lib/etcd"))
    assert host.traces() == []
    assert h.look(host, WANTED) == Evidence(host="node1", traces=[])


@pytest.mark.parametrize("path", ["/etc/kubernetes/admin.conf", "/etc/kubernetes/bootstrap-kubelet.conf", "/etc/kubernetes/pki/ca.crt",
                                  "/etc/kubernetes/manifests/etcd.yaml", "/var/lib/etcd/member/wal"])
def test_each_file_of_kubeadm_is_a_trace(host: h.Host, path: str) -> None:
    put(host, path)
    assert host.traces() == [path.replace("/wal", "")]


def test_the_record_of_an_action(host: h.Host) -> None:
    assert host.unfinished() == ""
    host.begin("init")
    assert host.unfinished() == "init"
    host.end()
    host.end()
    assert host.unfinished() == ""


def test_a_torn_record_is_none(host: h.Host) -> None:
    put(host, h.UNFINISHED, '{"action": "in')
    assert host.unfinished() == ""
    put(host, h.UNFINISHED, json.dumps(["init"]))
    assert host.unfinished() == ""


@pytest.mark.parametrize(("text", "kind"), [
    ("", ""),
    ("    client-certificate-data: QUJD\n    client-key-data: QUJD\n", "embedded"),
    ("    client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem\n", "rotating"),
])
def test_how_the_kubelet_identifies_itself(host: h.Host, text: str, kind: str) -> None:
    put(host, "/etc/kubernetes/kubelet.conf", text)
    assert host.kubelet_conf() == kind


def test_the_server_of_the_administrator_comes_first(host: h.Host) -> None:
    put(host, "/etc/kubernetes/kubelet.conf", "    server: https://198.18.0.11:6443\n")
    assert host.server() == "https://198.18.0.11:6443"
    put(host, "/etc/kubernetes/admin.conf", "    server: https://k8s:6443\n")
    assert host.server() == "https://k8s:6443"


def test_no_kubelet_is_not_healthy() -> None:
    healthy, text = h.kubelet_health(("127.0.0.1", 1))
    assert not healthy
    assert "127.0.0.1:1" in text


NODE = {"status": {"nodeInfo": {"kubeletVersion": "v1.36.4"}}, "spec": {"taints": [{"key": TAINT, "effect": "NoSchedule"}]}}


def test_what_the_api_says_about_a_node(host: h.Host) -> None:
    api = FakeApi({"/readyz": (200, "ok"), "/api/v1/nodes/node1": (200, NODE), "/version": (200, {"gitVersion": "v1.36.4"})})
    seen = Evidence(host="node1", kubelet_conf="rotating")
    h.ask_api(seen, WANTED, host, t.cast(t.Any, api))
    assert (seen.api, seen.node_known, seen.node_version, seen.cluster_version, seen.tainted) == ("up", True, "v1.36.4", "v1.36.4", True)
    assert api.closed


@pytest.mark.parametrize(("table", "words"), [
    ({"/readyz": (500, "[-]etcd failed")}, "500"),
    ({"/readyz": (200, "ok"), "/api/v1/nodes/node1": (401, {"message": "Unauthorized"})}, "refuses the credentials of kubelet.conf"),
])
def test_an_api_that_does_not_serve_is_down(host: h.Host, table: dict[str, tuple[int, t.Any]], words: str) -> None:
    seen = Evidence(host="node1", kubelet_conf="rotating")
    h.ask_api(seen, WANTED, host, t.cast(t.Any, FakeApi(table)))
    assert seen.api == "down"
    assert words in seen.api_text


def test_an_unfinished_init_is_compared_with_its_results(host: h.Host) -> None:
    nodes = {"items": [{"metadata": {"name": "node1"}}, {"metadata": {"name": "node2"}}]}
    table = {path: (200, {}) for path, _what in h.RESULTS[:-1]}
    table.update({"/readyz": (200, "ok"), "/api/v1/nodes/node1": (200, NODE), "/version": (200, {}), "/api/v1/nodes": (200, nodes)})
    seen = Evidence(host="node1", admin_conf=True, unfinished="init")
    h.ask_api(seen, WANTED, host, t.cast(t.Any, FakeApi(table)))
    assert list(seen.missing) == [h.RESULTS[-1][1]]
    assert seen.other_nodes == 1


@pytest.mark.parametrize("path", ["/api/v1/nodes", h.RESULTS[0][0]])
@pytest.mark.parametrize(("status", "conf"), [(500, "rotating"), (503, "embedded"), (429, "rotating")])
def test_an_answer_that_says_nothing_does_not_make_a_used_control_plane_an_unused_one(host: h.Host, path: str, status: int, conf: str) -> None:
    """etcd changes its leader just after /readyz was asked. kube-proxy is missing because the site runs another one; two workers are there."""
    table: dict[str, tuple[int, t.Any]] = {path: (200, {}) for path, _what in h.RESULTS if "kube-proxy" not in path}
    nodes = {"items": [{"metadata": {"name": name}} for name in ("node1", "node2", "node3")]}
    table.update({"/readyz": (200, "ok"), "/api/v1/nodes/node1": (200, NODE), "/version": (200, {}), "/api/v1/nodes": (200, nodes)})
    table[path] = (status, {"kind": "Status", "message": "etcdserver: leader changed"})
    wanted = Wanted(INITIALIZED, "1.36.4", "node1", "https://k8s:6443")
    seen = Evidence(host="node1", traces=["x"], admin_conf=True, unfinished="init", etcd_data=True, kubelet_conf=conf, kubelet_healthy=True)
    h.ask_api(seen, wanted, host, t.cast(t.Any, FakeApi(table)))
    assert seen.api == "down" and "leader changed" in seen.api_text
    assert decide(seen, wanted).actions == [API, FINISH]


def test_a_broken_kubeconfig_is_an_api_that_is_down(host: h.Host) -> None:
    put(host, "/etc/kubernetes/kubelet.conf", "")
    seen = Evidence(host="node1")
    h.ask_api(seen, WANTED, host)
    assert seen.api == "down"
    assert "kubelet.conf" in seen.api_text


def test_the_lock_lives_as_long_as_a_child_that_inherited_it(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "lock")
    handle = h.lock(path)
    assert handle is not None
    assert h.lock(path) is None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[handle]) as child:
        os.close(handle)
        assert h.lock(path) is None
        child.communicate(b"\n")
    again = h.lock(path, seconds=1)
    assert again is not None
    os.close(again)
