# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import pathlib
import socket
import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._wandb import cluster
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import ClusterError
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.wandb import wandb_site as site


def read(path: str) -> str:
    return pathlib.Path(path).read_text()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.mark.parametrize("form", ["data", "file"])
def test_reads_over_tls_with_the_ca_of_the_kubeconfig(tmp_path: t.Any, form: str) -> None:
    crt, context = site.certificate(tmp_path, "localhost")
    ca = {"certificate-authority": crt} if form == "file" else {"certificate-authority-data": base64.b64encode(read(crt).encode()).decode()}
    with site.serve(site.Api(), context) as (address, port):
        found = cluster.Cluster(site.kubeconfig(tmp_path, f"https://{address}:{port}", **ca))
        assert found.resource("wandb", "wandb")[0] is True
        assert len(found.workloads("wandb")) == 4
        assert {item["kind"] for item in found.workloads("wandb")} == {"Deployment"}


def test_a_client_certificate_is_loaded(tmp_path: t.Any) -> None:
    crt, context = site.certificate(tmp_path, "localhost")
    context.verify_mode = 2  # CERT_REQUIRED
    context.load_verify_locations(crt)
    key = crt.replace(".crt", ".key")
    user = {f"client-{name}-data": base64.b64encode(read(path).encode()).decode() for name, path in (("certificate", crt), ("key", key))}
    with site.serve(site.Api(), context) as (address, port):
        path = site.kubeconfig(tmp_path, f"https://{address}:{port}", user, **{"certificate-authority": crt})
        assert cluster.Cluster(path).resource("wandb", "wandb")[0] is True
        anonymous = site.kubeconfig(tmp_path, f"https://{address}:{port}", **{"certificate-authority": crt})
        with pytest.raises(ClusterError, match="cannot be reached"):
            cluster.Cluster(anonymous).resource("wandb", "wandb")


def test_an_untrusted_server_is_refused(tmp_path: t.Any) -> None:
    _crt, context = site.certificate(tmp_path, "localhost")
    other, _context = site.certificate(tmp_path, "other.test")
    with site.serve(site.Api(), context) as (address, port):
        path = site.kubeconfig(tmp_path, f"https://{address}:{port}", **{"certificate-authority": other})
        with pytest.raises(ClusterError, match="certificate is not accepted"):
            cluster.Cluster(path).resource("wandb", "wandb")


def test_no_kubeconfig_is_a_sentence(tmp_path: t.Any) -> None:
    with pytest.raises(ClusterError, match=r"There is no kubeconfig at .*/none.*onprem.wandb.kubernetes"):
        cluster.Cluster(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("text", "is not a kubeconfig"),
        ("{current-context: a}", "names a context 'a' that it does not contain"),
        ("{current-context: a, contexts: [{name: a, context: {cluster: b}}]}", "names a cluster 'b'"),
        (
            "{current-context: a, contexts: [{name: a, context: {cluster: b, user: c}}], clusters: [{name: b, cluster: {}}], users: [{name: c}]}",
            "has no usable server URL: found ''",
        ),
        (
            "{current-context: a, contexts: [{name: a, context: {cluster: b, user: c}}], users: [{name: c, user: {}}], "
            "clusters: [{name: b, cluster: {server: 'https://x', certificate-authority: /nowhere}}]}",
            "The certificates of the kubeconfig",
        ),
    ],
)
def test_a_broken_kubeconfig_is_a_sentence(tmp_path: t.Any, text: str, words: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(ClusterError, match=words):
        cluster.Cluster(str(path))


def test_an_unreachable_server_is_a_sentence(tmp_path: t.Any) -> None:
    path = site.kubeconfig(tmp_path, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ClusterError, match="cannot be reached: connection refused"):
        cluster.Cluster(path).pods("wandb")


def test_a_server_that_does_not_answer_is_given_up(tmp_path: t.Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        path = site.kubeconfig(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ClusterError, match="no answer in time"):
            cluster.Cluster(path, timeout=0.2).pods("wandb")


def test_a_refused_user_is_a_sentence(tmp_path: t.Any) -> None:
    api = site.Api()
    path = "/api/v1/namespaces/wandb/pods"
    api.documents[path], api.status[path] = {"message": "pods is forbidden"}, 403
    with site.serve(api) as (address, port):
        found = cluster.Cluster(site.kubeconfig(tmp_path, f"http://{address}:{port}"))
        with pytest.raises(ClusterError, match=r"HTTP 403\): pods is forbidden"):
            found.pods("wandb")


def test_something_else_than_an_api_server_is_a_sentence(tmp_path: t.Any) -> None:
    api = site.Api()
    api.documents["/api/v1/namespaces/wandb/pods"] = "<html>"
    with site.serve(api) as (address, port):
        found = cluster.Cluster(site.kubeconfig(tmp_path, f"http://{address}:{port}"))
        with pytest.raises(ClusterError, match="is not a Kubernetes API"):
            found.pods("wandb")


def test_kind_and_resource_are_told_apart(tmp_path: t.Any) -> None:
    api = site.Api()
    del api.documents["/apis/apps.wandb.com/v1/namespaces/wandb/weightsandbiases/wandb"]
    with site.serve(api) as (address, port):
        found = cluster.Cluster(site.kubeconfig(tmp_path, f"http://{address}:{port}"))
        assert found.resource("wandb", "wandb") == (True, None)
        del api.documents["/apis/apps.wandb.com/v1"]
        assert found.resource("wandb", "wandb") == (False, None)


def test_the_newest_revision_is_decoded_once(tmp_path: t.Any) -> None:
    api = site.Api()
    with site.serve(api) as (address, port):
        found = cluster.Cluster(site.kubeconfig(tmp_path, f"http://{address}:{port}"))
        first = found.release("wandb", "wandb")
        assert first is not None
        assert (first["revision"], first["status"], first["chart_version"]) == (3, "deployed", "0.43.8")
        assert found.release("wandb", "wandb", first) is first
        api.set_release("wandb", site.release(revision=4, status="failed"))
        newer = found.release("wandb", "wandb", first)
        assert newer is not None
        assert newer["status"] == "failed"
        api.set_release("wandb", None)
        assert found.release("wandb", "wandb") is None


def test_a_record_that_is_not_helms_is_unreadable() -> None:
    assert cluster.decode_release("AAAA")["status"] == "unreadable"


def test_the_log_of_a_container_without_a_previous_run(tmp_path: t.Any) -> None:
    class Logs(site.Api):
        def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
            if "previous=true" in path:
                return 400, {}, b'{"message": "previous terminated container not found"}'
            return super().answer(method, path)

    api = Logs()
    api.documents["/api/v1/namespaces/wandb/pods/x/log"] = "a\nb\n"
    with site.serve(api) as (address, port):
        found = cluster.Cluster(site.kubeconfig(tmp_path, f"http://{address}:{port}"))
        assert found.log("wandb", "x", "main", True, 5) == "a\nb\n"
        assert found.log("wandb", "gone", "main", True, 5) == ""
