# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A very small client of the Kubernetes API: standard library only, because hosts have no other. PRIVATE to the collection."""

from __future__ import annotations

import base64
import binascii
import http.client
import json
import os
import re
import ssl
import tempfile
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

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
    with open(os.path.join(directory, path), encoding="ascii") as handle:
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


def tls_context(access: Access) -> ssl.SSLContext:
    """A context that trusts the cluster's CA only."""
    context = ssl.create_default_context(cadata=access.ca or None)
    # Cluster CAs of older kubeadm versions lack extensions that the strict mode of Python 3.13 wants.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if access.certificate:
        # ssl takes the client certificate from a file only.
        handle, name = tempfile.mkstemp()
        try:
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write(f"{access.certificate}\n{access.key}")
            context.load_cert_chain(name)
        finally:
            os.unlink(name)
    return context


class _Connection(http.client.HTTPSConnection):
    """HTTPS to one address, with the certificate of another name when the kubeconfig says so."""

    server_name = ""

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self.server_name or self.host)  # type: ignore[attr-defined]


class Api:
    """Requests over one connection."""

    def __init__(self, access: Access, timeout: float = 5.0) -> None:
        self.access = access
        self.timeout = timeout
        self._connection: t.Optional[_Connection] = None

    def _connect(self) -> _Connection:
        parts = urlsplit(self.access.server)
        connection = _Connection(parts.hostname or "", parts.port or 443, timeout=self.timeout, context=tls_context(self.access))
        connection.server_name = self.access.server_name
        return connection

    def close(self) -> None:
        """Forget the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

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
            if self._connection is None:
                self._connection = self._connect()
            self._connection.request(method, path, body=payload, headers=headers)
            response = self._connection.getresponse()
            raw = response.read()
        except (OSError, ssl.SSLError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Unreachable(f"{self.access.server}: {describe(error)}") from error
        try:
            return response.status, json.loads(raw)
        except ValueError:
            return response.status, raw.decode("utf-8", "replace")

    def get(self, path: str) -> tuple[int, t.Any]:
        """GET."""
        return self.request("GET", path)


def describe(error: BaseException) -> str:
    """The reason of a failed connection in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    text = str(error) or type(error).__name__
    return text.split("] ", 1)[-1] if text.startswith("[Errno") else text
