# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads from the Kubernetes API: few requests, each with a deadline, none that changes anything."""

from __future__ import annotations

import base64
import gzip
import json
import os
import tempfile
import typing as t
import zlib
from urllib.parse import quote, urlencode, urlsplit

from ansible_collections.onprem.wandb.plugins.module_utils._wandb_http import Endpoint, HttpError, Response, tls_context

GROUP_VERSION = "apps.wandb.com/v1"
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


class ClusterError(Exception):
    """The cluster cannot be asked: a sentence that says what, where and what to do next."""


class ApiStatusError(Exception):
    """The API answered, but not with what was asked for."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _file_or_data(entry: dict[str, t.Any], key: str, base: str) -> bytes | None:
    """`<key>-data` (base64) or the file that `<key>` names, relative to the kubeconfig."""
    if entry.get(f"{key}-data"):
        return base64.b64decode(entry[f"{key}-data"])
    if entry.get(key):
        with open(os.path.join(base, os.path.expanduser(entry[key])), "rb") as handle:
            return handle.read()
    return None


def _named(entries: t.Any, name: str, kind: str) -> dict[str, t.Any]:
    for entry in entries or []:
        if entry.get("name") == name:
            return entry.get(kind) or {}
    raise ClusterError(f"The kubeconfig names a {kind} '{name}' that it does not contain.")


def _token_of_plugin(path: str, context: str | None) -> str:
    """The token of a kubeconfig that asks a program for it: the Kubernetes client library knows how."""
    try:
        from kubernetes import client, config
    except ImportError as error:
        raise ClusterError(
            f"The kubeconfig {path} gets its token from a program; that needs the Python package 'kubernetes' on the controller, which is missing."
        ) from error
    configuration = client.Configuration()
    config.load_kube_config(config_file=path, context=context, client_configuration=configuration)
    token = next(iter(configuration.api_key.values()), "")
    return token[len("Bearer ") :] if token.startswith("Bearer ") else token


class Cluster:
    """The API server that a kubeconfig points at."""

    def __init__(self, path: str, context: str | None = None, timeout: float = 5.0) -> None:
        self.path = os.path.expanduser(path)
        self._load(context, timeout)

    def _load(self, context: str | None, timeout: float) -> None:
        import yaml  # a requirement of ansible-core

        try:
            with open(self.path, "rb") as handle:
                document = yaml.safe_load(handle)
        except FileNotFoundError:
            raise ClusterError(
                f"There is no kubeconfig at {self.path} on the controller. The role onprem.wandb.kubernetes writes it; "
                "for a cluster of your own set site_kubeconfig to its file. Next: ansible-playbook onprem.wandb.kubernetes"
            ) from None
        except (OSError, yaml.YAMLError) as error:
            raise ClusterError(f"The kubeconfig {self.path} cannot be read: {error}") from error
        if not isinstance(document, dict):
            raise ClusterError(f"The file {self.path} is not a kubeconfig: expected a mapping, found {type(document).__name__}.")
        chosen = _named(document.get("contexts"), context or document.get("current-context") or "", "context")
        cluster = _named(document.get("clusters"), chosen.get("cluster", ""), "cluster")
        user = _named(document.get("users"), chosen.get("user", ""), "user")
        self._connect(cluster, user, context, timeout)

    def _connect(self, cluster: dict[str, t.Any], user: dict[str, t.Any], context: str | None, timeout: float) -> None:
        self.server = str(cluster.get("server") or "").rstrip("/")
        url = urlsplit(self.server)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ClusterError(f"The kubeconfig {self.path} has no usable server URL: found '{self.server}'.")
        self.prefix = url.path
        base = os.path.dirname(os.path.abspath(self.path))
        try:
            ca = _file_or_data(cluster, "certificate-authority", base)
            certificate = _file_or_data(user, "client-certificate", base)
            key = _file_or_data(user, "client-key", base)
            tls = None
            if url.scheme == "https":
                tls = tls_context(ca_data=ca.decode() if ca else None, verify=not cluster.get("insecure-skip-tls-verify", False))
                if certificate and key:
                    _load_client_certificate(tls, certificate, key)
        except (OSError, ValueError) as error:
            raise ClusterError(f"The certificates of the kubeconfig {self.path} cannot be used: {error}") from error
        self.headers = {"Accept": "application/json"}
        token = user.get("token") or (_file_or_data({"token": user.get("tokenFile")}, "token", base) or b"").decode().strip()
        if not token and (user.get("exec") or user.get("auth-provider")):
            token = _token_of_plugin(self.path, context)
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.endpoint = Endpoint(url.hostname, url.port or (443 if tls else 80), cluster.get("tls-server-name"), tls, timeout)

    def raw(self, path: str, accept: str | None = None, **query: t.Any) -> Response:
        """GET of any path; the answer may have any status."""
        full = self.prefix + path + (f"?{urlencode(query)}" if query else "")
        try:
            return self.endpoint.request("GET", full, {**self.headers, **({"Accept": accept} if accept else {})})
        except HttpError as error:
            raise ClusterError(
                f"The Kubernetes API at {self.server} (from {self.path}) cannot be reached: {error}. "
                "Next: check that the control plane is up and that its port is open from the controller."
            ) from error

    def get(self, path: str, accept: str | None = None, **query: t.Any) -> dict[str, t.Any]:
        answer = self.raw(path, accept, **query)
        if answer.status in (401, 403):
            raise ClusterError(
                f"The Kubernetes API at {self.server} refuses to answer GET {path} (HTTP {answer.status}): {_status_message(answer)}. "
                f"Expected a user who may read the namespaces of W&B. Next: check the user in {self.path}."
            )
        if answer.status >= 300:
            raise ApiStatusError(answer.status, _status_message(answer))
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise ClusterError(f"What answers at {self.server} (from {self.path}) is not a Kubernetes API: GET {path} gave no JSON.") from error

    def find(self, path: str) -> dict[str, t.Any] | None:
        """The object, or nothing where there is none."""
        try:
            return self.get(path)
        except ApiStatusError as error:
            if error.status == 404:
                return None
            raise

    def list(self, path: str, accept: str | None = None, **query: t.Any) -> list[dict[str, t.Any]]:
        return self.get(path, accept, **query).get("items") or []

    # -- what the judgement needs ---------------------------------------------------------------

    def resource(self, namespace: str, name: str) -> tuple[bool, dict[str, t.Any] | None]:
        """Whether the cluster knows the kind, and the object."""
        found = self.find(f"/apis/{GROUP_VERSION}/namespaces/{namespace}/weightsandbiases/{name}")
        if found is not None:
            return True, found
        known = self.find(f"/apis/{GROUP_VERSION}") is not None
        return known, None

    def workloads(self, namespace: str) -> list[dict[str, t.Any]]:
        result = []
        for plural, kind in (("deployments", "Deployment"), ("statefulsets", "StatefulSet"), ("daemonsets", "DaemonSet")):
            # Lists do not carry the kind in their items.
            result.extend({**item, "kind": kind} for item in self.list(f"/apis/apps/v1/namespaces/{namespace}/{plural}"))
        return result

    def pods(self, namespace: str) -> list[dict[str, t.Any]]:
        return self.list(f"/api/v1/namespaces/{namespace}/pods")

    def ingresses(self, namespace: str) -> list[dict[str, t.Any]]:
        return self.list(f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses")

    def endpoint_slices(self, namespace: str) -> list[dict[str, t.Any]]:
        return self.list(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices")

    def warnings(self, namespace: str) -> list[dict[str, t.Any]]:
        return self.list(f"/api/v1/namespaces/{namespace}/events", fieldSelector="type=Warning")

    def log(self, namespace: str, pod: str, container: str, previous: bool, lines: int) -> str:
        """Last lines of a container. A container that never ran has none; so has one that is gone."""
        query: dict[str, t.Any] = {"container": container, "tailLines": lines, "limitBytes": 65536}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        answer = self.raw(path, "*/*", **query, **({"previous": "true"} if previous else {}))
        if answer.status != 200 and previous:
            answer = self.raw(path, "*/*", **query)
        return answer.text if answer.status == 200 else ""

    def service(self, namespace: str, name: str, port: int, path: str) -> Response:
        """What a service answers, asked through the API server."""
        return self.raw(f"/api/v1/namespaces/{namespace}/services/{name}:{port}/proxy{quote(path)}", "*/*")

    def release(self, namespace: str, name: str, known: dict[str, t.Any] | None = None) -> dict[str, t.Any] | None:
        """The newest revision of a Helm release; `known` is returned where it still is the newest."""
        secrets = self.list(f"/api/v1/namespaces/{namespace}/secrets", _METADATA_ONLY, labelSelector=f"owner=helm,name={name}")
        if not secrets:
            return None
        newest = max(secrets, key=lambda secret: int(secret["metadata"]["labels"].get("version", 0)))["metadata"]
        if known is not None and known.get("resource_version") == newest["resourceVersion"]:
            return known
        secret = self.find(f"/api/v1/namespaces/{namespace}/secrets/{newest['name']}")
        if secret is None:
            return None
        return {**decode_release(secret["data"]["release"]), "resource_version": newest["resourceVersion"]}


def _load_client_certificate(context: t.Any, certificate: bytes, key: bytes) -> None:
    """The standard library reads a client certificate from files only: they live for this call."""
    with tempfile.TemporaryDirectory(prefix="onprem-wandb-") as directory:
        paths = []
        for name, content in (("crt", certificate), ("key", key)):
            paths.append(os.path.join(directory, name))
            with open(os.open(paths[-1], os.O_WRONLY | os.O_CREAT, 0o600), "wb") as handle:
                handle.write(content)
        context.load_cert_chain(*paths)


def _status_message(answer: Response) -> str:
    try:
        return str(json.loads(answer.body).get("message") or answer.status)
    except (ValueError, AttributeError):
        return answer.text.strip()[:200] or str(answer.status)


def decode_release(data: str) -> dict[str, t.Any]:
    """Helm's own record of a release: base64 (of the Secret) around base64 (of Helm) around gzip around JSON."""
    try:
        packed = base64.b64decode(base64.b64decode(data))
        record = json.loads(gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed)
        metadata = (record.get("chart") or {}).get("metadata") or {}
        info = record.get("info") or {}
        return {
            "name": record.get("name"),
            "revision": record.get("version"),
            "status": info.get("status"),
            "description": info.get("description") or "",
            "updated": info.get("last_deployed") or "",
            "chart": metadata.get("name"),
            "chart_version": metadata.get("version"),
            "app_version": metadata.get("appVersion"),
            "values": record.get("config") or {},
        }
    except (ValueError, OSError, zlib.error, AttributeError) as error:
        return {"name": None, "revision": None, "status": "unreadable", "description": str(error), "updated": "", "values": {}}
