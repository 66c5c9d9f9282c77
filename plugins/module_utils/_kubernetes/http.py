# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP(S) to a given address under a given name, with a deadline on every request.

The routes of a site are asked for at each node's address, whatever DNS says today, and the name
travels in SNI and in the Host header. The same class talks to the Kubernetes API.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import tempfile
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._say import NOT_REACHED

# What a health page, an index.html or the log of a container needs. The rest is not read.
BODY_LIMIT = 16 * 1024 * 1024


class HttpError(Exception):
    """No usable HTTP answer: one sentence says why."""


class Response(t.NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def reason_of(error: BaseException) -> str:
    """An exception of the socket, TLS or HTTP layer in words that help."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the TLS certificate is not accepted: {error.verify_message or error}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return f"the name does not resolve: {error.strerror}"
    if isinstance(error, (http.client.RemoteDisconnected, http.client.BadStatusLine)):
        return "the connection was closed without an answer"
    return str(error) or type(error).__name__


class Endpoint:
    """One address and port, spoken to as `host`; the connection is kept open between requests."""

    def __init__(
        self,
        address: str,
        port: int,
        host: str | None = None,
        context: ssl.SSLContext | None = None,
        timeout: float = 5.0,
    ) -> None:
        self.address = address
        self.port = port
        self.host = host or address
        self.context = context
        self.timeout = timeout
        self._connection: http.client.HTTPConnection | None = None

    def _connect(self) -> http.client.HTTPConnection:
        raw = socket.create_connection((self.address, self.port), timeout=self.timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock = self.context.wrap_socket(raw, server_hostname=self.host) if self.context else raw
        except BaseException:
            raw.close()
            raise
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        connection.sock = sock
        return connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def request(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Response:
        """One request. A kept connection that the server has closed meanwhile is opened anew, once."""
        fresh = self._connection is None
        try:
            return self._once(method, path, headers, body)
        except (*NOT_REACHED, http.client.HTTPException) as error:
            self.close()
            if fresh or isinstance(error, TimeoutError):
                raise HttpError(reason_of(error)) from error
        try:
            return self._once(method, path, headers, body)
        except (*NOT_REACHED, http.client.HTTPException) as error:
            self.close()
            raise HttpError(reason_of(error)) from error

    def _once(self, method: str, path: str, headers: dict[str, str] | None, body: bytes | None) -> Response:
        if self._connection is None:
            self._connection = self._connect()
        # The name without a port, as a client sends it that comes through a load balancer on the standard one.
        self._connection.request(method, path, body=body, headers={"Host": self.host, "User-Agent": "onprem.wandb", **(headers or {})})
        answer = self._connection.getresponse()
        content = answer.read(BODY_LIMIT)
        if answer.will_close or not answer.isclosed():
            self.close()
        return Response(answer.status, {key.lower(): value for key, value in answer.getheaders()}, content)


def tls_context(ca_file: str | None = None, ca_data: str | None = None, verify: bool = True) -> ssl.SSLContext:
    """A client context that trusts `ca_file`/`ca_data`, or the system's CAs where neither is given."""
    context = ssl.create_default_context(cafile=ca_file or None, cadata=ca_data or None)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def cluster_context(ca: str | None, pair: tuple[str, str] | None = None, verify: bool = True) -> ssl.SSLContext:
    """A client context for the API of a cluster: its CA (PEM), and the certificate and key (PEM) that say who asks."""
    context = tls_context(ca_data=ca, verify=verify)
    # Cluster CAs of older kubeadm versions lack extensions that the strict mode of Python 3.13 wants.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if pair:
        # ssl takes the pair from a file only: it is there, for nobody else, for as long as this call.
        handle, name = tempfile.mkstemp(prefix="onprem-wandb-")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write("\n".join(pair))
            context.load_cert_chain(name)
        finally:
            os.unlink(name)
    return context
