# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GET from the Kubernetes API that a kubeconfig points at, each request with a deadline: for modules that run where PyYAML is. PRIVATE to the collection."""

from __future__ import annotations

import base64
import json
import os
import re
import typing as t
from urllib.parse import urlencode, urlsplit

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.http import Endpoint, HttpError, Response, cluster_context

# Options of the documentation fragment kubeconfig.
ARGUMENTS: dict[str, dict[str, t.Any]] = {"kubeconfig": {"type": "path", "required": True}, "context": {"type": "str"}}


class ClusterError(Exception):
    """The cluster cannot be asked: a sentence that says what, where and what to do next."""


class NotPassedOnError(ClusterError):
    """The API server is up and was asked to pass a question on to a pod, a service or a kubelet; from there came nothing."""


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


def _named(path: str, entries: t.Any, name: str, kind: str) -> dict[str, t.Any]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(kind) or {}, dict):
            return dict(entry.get(kind) or {})
    raise ClusterError(f"The kubeconfig {path} names a {kind} '{name}' that it does not contain. Next: kubectl --kubeconfig {path} config get-contexts")


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


class Api:
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
                f"There is no kubeconfig at {self.path}. The role onprem.wandb.kubernetes writes it; "
                "for a cluster of your own set site_kubeconfig to its file. Next: ansible-playbook onprem.wandb.kubernetes -i <inventory>"
            ) from None
        except (OSError, yaml.YAMLError) as error:
            raise ClusterError(f"The kubeconfig {self.path} cannot be read: {error}. Next: ls -l {self.path}") from error
        if not isinstance(document, dict):
            raise ClusterError(
                f"The file {self.path} is not a kubeconfig: expected a mapping, found {type(document).__name__}. "
                f"Next: cat {self.path}; for a cluster of your own site_kubeconfig: <its file>"
            )
        chosen = _named(self.path, document.get("contexts"), context or document.get("current-context") or "", "context")
        cluster = _named(self.path, document.get("clusters"), chosen.get("cluster", ""), "cluster")
        user = _named(self.path, document.get("users"), chosen.get("user", ""), "user")
        self._connect(cluster, user, context, timeout)

    def _connect(self, cluster: dict[str, t.Any], user: dict[str, t.Any], context: str | None, timeout: float) -> None:
        self.server = str(cluster.get("server") or "").rstrip("/")
        url = urlsplit(self.server)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ClusterError(
                f"The kubeconfig {self.path} has no usable server URL: found '{self.server}'. Next: kubectl --kubeconfig {self.path} config view"
            )
        self.prefix = url.path
        base = os.path.dirname(os.path.abspath(self.path))
        try:
            ca = _file_or_data(cluster, "certificate-authority", base)
            certificate = _file_or_data(user, "client-certificate", base)
            key = _file_or_data(user, "client-key", base)
            tls = None
            if url.scheme == "https":
                pair = (certificate.decode(), key.decode()) if certificate and key else None
                tls = cluster_context(ca.decode() if ca else None, pair, verify=not cluster.get("insecure-skip-tls-verify", False))
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"The certificates of the kubeconfig {self.path} cannot be used: {error}. Next: kubectl --kubeconfig {self.path} config view"
            ) from error
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
            raise self._silence(path, error) from error

    def patch(self, path: str, content_type: str, body: bytes, **query: t.Any) -> Response:
        """PATCH of any path; the answer may have any status."""
        try:
            return self.endpoint.request("PATCH", f"{self.prefix}{path}?{urlencode(query)}", {**self.headers, "Content-Type": content_type}, body)
        except HttpError as error:
            raise self._silence(path, error) from error

    def _silence(self, path: str, error: HttpError) -> ClusterError:
        """Who is it that did not answer: the API server, or the one behind it that it passed the question on to?"""
        behind = passed_on(path)
        if behind and self._answers():
            return NotPassedOnError(
                f"The Kubernetes API at {self.server} is up, but {behind} does not answer it: {error}. The network between the nodes is the likely cause. "
                "Next: ansible-playbook onprem.wandb.verify -i <inventory> (row EX-24 names the nodes and the cause)"
            )
        return ClusterError(
            f"The Kubernetes API at {self.server} (from {self.path}) cannot be reached: {error}. "
            f"Next: curl -k {self.server}/healthz; on the control plane: journalctl -u kubelet -n 50"
        )

    def _answers(self) -> bool:
        """Whether the API server itself says anything at all."""
        try:
            return self.endpoint.request("GET", f"{self.prefix}/version", self.headers).status > 0
        except HttpError:
            return False

    def get(self, path: str, accept: str | None = None, **query: t.Any) -> dict[str, t.Any]:
        answer = self.raw(path, accept, **query)
        if answer.status in (401, 403):
            raise ClusterError(
                f"The Kubernetes API at {self.server} refuses to answer GET {path} (HTTP {answer.status}): {status_message(answer)}. "
                f"Expected a user who may read the namespaces of W&B. Next: kubectl --kubeconfig {self.path} auth can-i --list shows what its user may do."
            )
        if answer.status >= 300:
            raise ApiStatusError(answer.status, status_message(answer))
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

    def items(self, path: str, accept: str | None = None, **query: t.Any) -> list[dict[str, t.Any]]:
        return self.get(path, accept, **query).get("items") or []


def passed_on(path: str) -> str:
    """Whom the API server asks for a path that it does not answer itself; empty for all other paths."""
    match = re.match(r"/api/v1/namespaces/([^/]+)/(pod|service)s/([^/]+)/(proxy|log)\b", path)
    if not match:
        return ""
    namespace, kind, name, what = match.groups()
    return f"the kubelet with the log of pod {namespace}/{name}" if what == "log" else f"{kind} {namespace}/{name}"


def status_message(answer: Response) -> str:
    try:
        return str(json.loads(answer.body).get("message") or answer.status)
    except (ValueError, AttributeError):
        return answer.text.strip()[:200] or str(answer.status)
