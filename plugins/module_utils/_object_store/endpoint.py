# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP(S) endpoint: its address, its trust, and requests that neither hang nor follow anything. PRIVATE to the collection."""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import tempfile
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.onprem.wandb.plugins.module_utils._say import CORRECT

# Options of the documentation fragment s3_endpoint.
ADDRESS: dict[str, dict[str, t.Any]] = {
    "endpoint": {"type": "str", "required": True},
    "connect_to": {"type": "str", "default": ""},
    "ca_file": {"type": "path"},
}
SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


@dataclass
class Endpoint:
    """Where the service is: https://name:port, and optionally the address to use instead of what the name resolves to."""

    url: str
    connect_to: str = ""
    ca_file: t.Optional[str] = None
    timeout: float = 10.0

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            (parts.hostname or "").encode("idna")
            good = parts.scheme in ("http", "https") and parts.hostname and not parts.path.strip("/") and not parts.query and (parts.port or 0) >= 0
        except ValueError:  # a port or a name that is none, brackets that hold no address
            good = False
        if not good or not parts.hostname:
            raise ValueError(f"endpoint {self.url!r}: expected https://name:port without a path. {CORRECT}")
        self.secure = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.secure else 80)
        self.netloc = parts.netloc
        self._contexts: dict[bool, ssl.SSLContext] = {}

    def context(self, own_ca: bool = True) -> ssl.SSLContext:
        """Trust in the system's roots and, unless told otherwise, in our CA. Made once: the system's roots take 30 ms to read."""
        if own_ca not in self._contexts:
            context = ssl.create_default_context()
            if own_ca and self.ca_file:
                context.load_verify_locations(self.ca_file)
            self._contexts[own_ca] = context
        return self._contexts[own_ca]

    def pin(self) -> None:
        """Let the libraries of this process reach the name at connect_to, as curl --resolve does. Name, Host header and certificate stay as they are.

        boto3 and MinIO's client sign the name that they connect to and take no address beside it. A module's process ends with its one task, so
        nobody else sees the change; our own requests need none of it.
        """
        if not self.connect_to:
            return
        original, host, address = socket.getaddrinfo, self.host, self.connect_to

        def resolve(name: t.Any, *arguments: t.Any, **options: t.Any) -> t.Any:
            return original(address if name == host else name, *arguments, **options)

        socket.getaddrinfo = resolve  # type: ignore[assignment]

    def bundle(self, directory: str) -> t.Union[str, bool]:
        """For libraries that take one file: the system's roots and our CA in one. True when the library's own are enough."""
        if not self.ca_file:
            return True
        paths = ssl.get_default_verify_paths()
        system = next((path for path in (paths.cafile, *SYSTEM_BUNDLES) if path and os.path.isfile(path)), None)
        handle, name = tempfile.mkstemp(suffix=".pem", dir=directory)
        with os.fdopen(handle, "wb") as target:
            for path in filter(None, (self.ca_file, system)):
                with open(path, "rb") as source:
                    target.write(source.read() + b"\n")
        return name


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    def evidence(self, *names: str) -> dict[str, t.Any]:
        """Status and the named headers, where present."""
        return {"status": self.status, **{name: self.headers[name] for name in names if name in self.headers}}

    def code(self) -> str:
        """The S3 error code in an XML body, or an empty string."""
        rest = self.body.partition(b"<Code>")[2]
        return rest.partition(b"</Code>")[0].decode("utf-8", "replace")

    def foreign(self) -> bool:
        """Whether the body is something else than S3 answers: a page of a proxy or of a console, or nothing at all where S3 always says something."""
        return b"<Code>" not in self.body and b"<LocationConstraint" not in self.body and (bool(self.body.strip()) or self.status in (200, 404))

    def glimpse(self) -> str:
        """The title of a page, or its first words."""
        text = self.body[:4096].decode("utf-8", "replace")
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return " ".join((title.group(1) if title else text).split())[:80]


class Connection(http.client.HTTPConnection):
    """A connection to the endpoint's address under its name."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint.host, endpoint.port, timeout=endpoint.timeout)
        self._endpoint = endpoint

    def connect(self) -> None:
        """Connect, and greet with the name where TLS is spoken."""
        endpoint = self._endpoint
        plain = socket.create_connection((endpoint.connect_to or endpoint.host, endpoint.port), endpoint.timeout)
        try:
            self.sock = endpoint.context().wrap_socket(plain, server_hostname=endpoint.host) if endpoint.secure else plain
        except BaseException:
            plain.close()
            raise


def request(
    endpoint: Endpoint,
    method: str,
    target: str,
    headers: t.Optional[t.Mapping[str, str]] = None,
    body: t.Optional[bytes] = None,
    limit: int = 16 * 1024 * 1024,
) -> Answer:
    """One request without redirects, cookies, proxies or retries: what a presigned URL is used with."""
    connection = Connection(endpoint)
    try:
        connection.request(method, target, body=body, headers={"Host": endpoint.netloc, **(headers or {})})
        answer = connection.getresponse()
        content = answer.read(limit)
    finally:
        connection.close()
    found: dict[str, str] = {}
    for name, value in answer.getheaders():  # a header that came twice is one value for a browser
        found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
    return Answer(answer.status, found, content)
