# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module kube_apply against an API server on loopback that keeps what is applied."""

from __future__ import annotations

import copy
import http.server
import json
import pathlib
import threading
import typing as t
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.onprem.wandb.plugins.module_utils._work import kube_apply as work
from ansible_collections.onprem.wandb.plugins.modules import kube_apply as module
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.wandb import wandb_site as site

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "wandb"}, "data": {"x": "1"}}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "wandb"}, "data": {"key": "Z2VoZWlt"}}
CLASS = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "local"}, "provisioner": "p"}
KINDS = {
    "/api/v1": [("configmaps", "ConfigMap", True), ("secrets", "Secret", True), ("pods/log", "Pod", True)],
    "/apis/storage.k8s.io/v1": [("storageclasses", "StorageClass", False)],
}
Call = t.Callable[..., dict[str, t.Any]]


class Server:
    """Keeps objects by their path. A patch that changes nothing leaves the version, as the real one does."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, t.Any]] = {}
        self.refused: dict[str, tuple[int, str]] = {}
        self.patches: list[tuple[str, dict[str, list[str]]]] = []
        self.slow = 0.0  # seconds before each answer to a patch

    def get(self, path: str) -> tuple[int, dict[str, t.Any]]:
        if path in KINDS:
            return 200, {"resources": [{"name": name, "kind": kind, "namespaced": spaced} for name, kind, spaced in KINDS[path]]}
        below = [kept for place, kept in self.objects.items() if place.rsplit("/", 1)[0] == path]
        if below:
            return 200, {"items": below}
        return (200, self.objects[path]) if path in self.objects else (404, {"message": "not found"})

    def patch(self, path: str, query: dict[str, list[str]], body: dict[str, t.Any]) -> tuple[int, dict[str, t.Any]]:
        self.patches.append((path, query))
        threading.Event().wait(self.slow)
        if path in self.refused:
            return self.refused[path][0], {"message": self.refused[path][1]}
        before = self.objects.get(path)
        after = copy.deepcopy(body)
        version = int(before["metadata"]["resourceVersion"]) if before else 0
        same = before is not None and all(before.get(key) == value for key, value in body.items() if key != "metadata")
        after["metadata"] |= {"resourceVersion": str(version if same else version + 1), "managedFields": [{"time": str(len(self.patches))}]}
        if "dryRun" not in query:
            self.objects[path] = after
        return 200, after


@pytest.fixture(name="server")
def fixture_server(tmp_path: pathlib.Path) -> t.Iterator[tuple[Server, str]]:
    kept = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status: int, document: dict[str, t.Any]) -> None:
            text = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self) -> None:
            self.answer(*kept.get(urlsplit(self.path).path))

        def do_PATCH(self) -> None:
            assert self.headers["Content-Type"] == "application/apply-patch+yaml"
            url = urlsplit(self.path)
            self.answer(*kept.patch(url.path, parse_qs(url.query), json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def log_message(self, *_args: t.Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield kept, site.kubeconfig(tmp_path, f"http://127.0.0.1:{listening.server_port}")
        listening.shutdown()


@pytest.fixture(name="call")
def fixture_call(capsys: pytest.CaptureFixture[str], server: tuple[Server, str]) -> Call:
    def run(*objects: dict[str, t.Any], **arguments: t.Any) -> dict[str, t.Any]:
        with patch_module_args({"timeout": 0, "kubeconfig": server[1], "objects": list(objects), **arguments}), pytest.raises(SystemExit):
            module.main()
        return dict(json.loads(capsys.readouterr().out))

    return run


def test_a_slow_server_is_waited_for(call: Call, server: tuple[Server, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen on a loaded cluster: one answer after more than five seconds ended a run in the middle of a change of keys."""
    assert work.PATIENCE >= 30 > work.MISSING
    server[0].slow = 0.5
    monkeypatch.setattr(work, "PATIENCE", 0.1)
    told = call(CONFIG)
    assert told["failed"] and "no answer in time. Next: curl -k" in told["msg"]
    monkeypatch.setattr(work, "PATIENCE", 10.0)
    assert call(CONFIG, CLASS)["changed_objects"]


def test_life(call: Call, server: tuple[Server, str]) -> None:
    """Check, apply, apply again, change."""
    told = call(CONFIG, CLASS, _ansible_check_mode=True)
    assert told["changed_objects"] == ["ConfigMap wandb/a", "StorageClass local"]
    assert not server[0].objects and all(query["dryRun"] == ["All"] for _path, query in server[0].patches)
    assert call(CONFIG, CLASS)["changed_objects"] == told["changed_objects"]
    assert sorted(server[0].objects) == ["/api/v1/namespaces/wandb/configmaps/a", "/apis/storage.k8s.io/v1/storageclasses/local"]
    assert server[0].patches[-1][1] == {"fieldManager": ["onprem.wandb"], "force": ["true"]}
    for check in (True, False):
        again = call(CONFIG, CLASS, _ansible_check_mode=check)
        assert (again["changed"], again["changed_objects"]) == (False, [])
    assert call({**CONFIG, "data": {"x": "2"}}, CLASS)["changed_objects"] == ["ConfigMap wandb/a"]


def test_difference(call: Call) -> None:
    """What would change of an object, and never the value of a secret."""
    call(CONFIG, SECRET)
    result = call({**CONFIG, "data": {"x": "2"}}, {**SECRET, "data": {"key": "YW5kZXJz"}}, _ansible_check_mode=True, _ansible_diff=True)
    first, second = result["diff"]
    assert first["before_header"] == "ConfigMap wandb/a" and '"x": "1"' in first["before"] and '"x": "2"' in first["after"]
    assert second["after_header"] == "Secret wandb/s" and '"key": "(another secret)"' in second["after"] and '"key": "(a secret)"' in second["before"]
    assert not [value for value in ("YW5kZXJz", "Z2VoZWlt") if value in json.dumps(result["diff"])]
    assert "resourceVersion" not in first["before"]


@pytest.mark.parametrize("check", [True, False])
def test_a_refusal_is_a_sentence(call: Call, server: tuple[Server, str], check: bool) -> None:
    """With what was changed before it, in check mode, too."""
    server[0].refused["/apis/storage.k8s.io/v1/storageclasses/local"] = (422, "provisioner: field is immutable")
    result = call(CONFIG, CLASS, _ansible_check_mode=check)
    assert result["failed"]
    assert "does not take StorageClass local (HTTP 422): provisioner: field is immutable. Changed before it: ConfigMap wandb/a. Next: kubectl" in result["msg"]


def test_a_kind_that_the_cluster_does_not_know(call: Call) -> None:
    assert "knows no Nonsense in v1. Next: kubectl" in call({**CONFIG, "kind": "Nonsense"})["msg"]


def test_what_lies_in_a_namespace_that_is_not_there_yet(call: Call, server: tuple[Server, str]) -> None:
    """Check mode made no namespace; the real run does not go on."""
    server[0].refused["/api/v1/namespaces/wandb/configmaps/a"] = (404, 'namespaces "wandb" not found')
    assert call(CONFIG, _ansible_check_mode=True)["changed_objects"] == ["ConfigMap wandb/a"]
    assert call(CONFIG)["failed"]


def test_no_cluster_is_a_result_in_check_mode_only(call: Call, tmp_path: pathlib.Path) -> None:
    gone = str(tmp_path / "none")
    result = call(CONFIG, kubeconfig=gone, _ansible_check_mode=True)
    assert (result["changed"], result["reachable"]) == (False, False)
    assert "There is no kubeconfig" in call(CONFIG, kubeconfig=gone)["msg"]


def test_what_the_cluster_has_of_a_kind(call: Call) -> None:
    wanted = [{"api_version": "storage.k8s.io/v1", "kind": "StorageClass"}]
    assert [item["metadata"]["name"] for item in call(CLASS, list_kinds=wanted)["listed"]] == ["local"]
    assert call(CLASS)["listed"] == []
