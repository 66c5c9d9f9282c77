# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API as a host of the cluster asks it: with kubeadm's own files, which need no YAML parser. PRIVATE to the collection."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.http import Endpoint, HttpError, cluster_context

# Files that kubeadm and the kubelet write have one cluster and one user, each key once on a line of its own: no YAML parser needed.
FIELD = re.compile(
    r"^\s*(?:-\s+)?(server|tls-server-name|certificate-authority(?:-data)?|client-certificate(?:-data)?|client-key(?:-data)?|token):\s*[\"']?([^\s\"']+)",
    re.MULTILINE,
)


class Unreachable(Exception):
    """No answer from the API server; the text says why."""


@dataclass
class Access:
    """How to get at one API server."""

    server: str
    ca: str = ""
    certificate: str = ""
    key: str = ""
    token: str = ""
    server_name: str = ""


def kubeconfig_fields(text: str) -> dict[str, str]:
    """The fields of a kubeconfig with one cluster and one user."""
    fields: dict[str, str] = {}
    for name, value in FIELD.findall(text):
        fields.setdefault(name, value)
    return fields


def _pem(fields: t.Mapping[str, str], name: str, directory: str) -> str:
    """The PEM text behind NAME-data or NAME (a file)."""
    data = fields.get(f"{name}-data")
    if data:
        return base64.b64decode(data).decode("ascii")
    path = fields.get(name)
    if not path:
        return ""
    with open(os.path.join(directory, path), encoding="ascii", errors="strict") as handle:
        return handle.read()


def load_kubeconfig(path: str) -> Access:
    """Read a kubeconfig file. Raises Unreachable when it cannot be used."""
    try:
        with open(path, encoding="utf-8") as handle:
            fields = kubeconfig_fields(handle.read())
        directory = os.path.dirname(path)
        access = Access(
            server=fields.get("server", ""),
            ca=_pem(fields, "certificate-authority", directory),
            certificate=_pem(fields, "client-certificate", directory),
            key=_pem(fields, "client-key", directory),
            token=fields.get("token", ""),
            server_name=fields.get("tls-server-name", ""),
        )
    except (OSError, UnicodeDecodeError, binascii.Error) as error:
        raise Unreachable(f"{path} cannot be read: {error}") from error
    if not access.server.startswith("https://"):
        raise Unreachable(f"{path} names no https server")
    return access


class Api:
    """Requests over one connection."""

    def __init__(self, access: Access, timeout: float = 5.0) -> None:
        self.access = access
        self.timeout = timeout
        self._endpoint: t.Optional[Endpoint] = None

    def _connect(self) -> Endpoint:
        access, parts = self.access, urlsplit(self.access.server)
        context = cluster_context(access.ca or None, (access.certificate, access.key) if access.certificate else None)
        return Endpoint(parts.hostname or "", parts.port or 443, access.server_name or None, context, self.timeout)

    def close(self) -> None:
        """Forget the connection."""
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None

    def request(self, method: str, path: str, body: t.Any = None, content_type: str = "application/json") -> tuple[int, t.Any]:
        """Status and decoded body. A body that is not JSON is returned as text."""
        headers = {"Accept": "application/json"}
        if self.access.token:
            headers["Authorization"] = f"Bearer {self.access.token}"
        payload = None
        if body is not None:
            payload = json.dumps(body).encode("utf-8")
            headers["Content-Type"] = content_type
        try:
            if self._endpoint is None:
                self._endpoint = self._connect()
            answer = self._endpoint.request(method, path, headers, payload)
        except (HttpError, OSError, ValueError) as error:
            self.close()
            raise Unreachable(f"{self.access.server}: {error}") from error
        try:
            return answer.status, json.loads(answer.body)
        except ValueError:
            return answer.status, answer.text

    def get(self, path: str) -> tuple[int, t.Any]:
        """GET."""
        return self.request("GET", path)
