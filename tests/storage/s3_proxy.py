# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A reverse proxy with TLS that passes everything as it came, but for the one thing that a test breaks."""

from __future__ import annotations

import http.client
import http.server
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection", "trailer"}


@dataclass
class Request:
    """What came in; a fault may change it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()}

    @property
    def presigned(self) -> bool:
        return "X-Amz-Signature" in self.query

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def drop(self, *names: str) -> None:
        self.headers = [(key, value) for key, value in self.headers if key.lower() not in {name.lower() for name in names}]

    def put(self, name: str, value: str) -> None:
        self.drop(name)
        self.headers.append((name, value))


@dataclass
class Reply:
    """What goes back; a fault may change it."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    get = Request.get
    drop = Request.drop
    put = Request.put


Before = Callable[[Request], "Reply | None"]
After = Callable[[Request, Reply], "Reply | None"]


def refuse(status: int, code: str) -> Reply:
    """An answer as S3 servers word it."""
    return Reply(status, [("Content-Type", "application/xml")], f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>planted</Message></Error>".encode())


class Proxy(http.server.ThreadingHTTPServer):
    """One proxy in front of one server."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, backend: int, certificate: str = "", before: Before | None = None, after: After | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.backend, self.before, self.after = backend, before, after
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def log_message(self, *arguments: object) -> None:
        """Be quiet."""

    def any(self) -> None:
        body = self.chunks() if "chunked" in self.headers.get("Transfer-Encoding", "") else self.rfile.read(int(self.headers.get("Content-Length") or 0))
        wanted = Request(self.command, self.path, [(name, value) for name, value in self.headers.items() if name.lower() not in HOP], body)
        reply = self.server.before(wanted) if self.server.before else None
        reply = reply or self.forward(wanted)
        if self.server.after:
            reply = self.server.after(wanted, reply) or reply
        if not reply.get("Date"):
            reply.put("Date", self.date_time_string())
        self.send_response_only(reply.status)
        length = reply.get("content-length") if self.command == "HEAD" else str(len(reply.body))
        for name, value in [*((n, v) for n, v in reply.headers if n.lower() not in HOP | {"content-length"}), ("Content-Length", length or "0")]:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = do_OPTIONS = any

    def chunks(self) -> bytes:
        """A body whose length nobody told."""
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return found

    def forward(self, wanted: Request) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.backend, timeout=20)
        try:
            connection.putrequest(wanted.method, wanted.target, skip_host=True, skip_accept_encoding=True)
            wanted.drop("content-length")
            for name, value in wanted.headers:
                connection.putheader(name, value)
            if wanted.body or wanted.method in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(wanted.body)))
            connection.endheaders(wanted.body or None)
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()
