# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests go to the address that was given, under the name, and leave the process' resolver alone."""

from __future__ import annotations

import datetime as dt
import http.server
import pathlib
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import issue
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Endpoint, request

NAME = "s3.example.invalid"


class Handler(http.server.BaseHTTPRequestHandler):
    """Says which name it was asked by."""

    def do_GET(self) -> None:
        body = self.headers["Host"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture(name="server")
def fixture_server() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_address_is_used_and_the_name_is_kept(server: http.server.ThreadingHTTPServer) -> None:
    resolver, port = socket.getaddrinfo, server.server_address[1]
    answer = request(Endpoint(f"http://{NAME}:{port}", connect_to="127.0.0.1"), "GET", "/")
    assert (answer.status, answer.body.decode()) == (200, f"{NAME}:{port}")
    assert socket.getaddrinfo is resolver


def test_without_an_address_the_name_is_resolved() -> None:
    with pytest.raises(OSError):
        request(Endpoint(f"http://{NAME}:9000"), "GET", "/")


@pytest.mark.parametrize(("names", "good"), [([NAME], True), (["other.example.invalid"], False)])
def test_the_certificate_is_the_names(server: http.server.ThreadingHTTPServer, tmp_path: pathlib.Path, names: list[str], good: bool) -> None:
    now = dt.datetime.now(dt.timezone.utc)
    ca_key, key = issue.new_key(), issue.new_key()
    ca = issue.authority(ca_key, "ca", now, 2)
    leaf = issue.leaf(key, "s3", names, ca, ca_key, now, 1, client=False)
    (tmp_path / "ca.crt").write_bytes(issue.pem(ca))
    (tmp_path / "all.pem").write_bytes(issue.pem(leaf) + issue.key_pem(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "all.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    endpoint = Endpoint(f"https://{NAME}:{server.server_address[1]}", connect_to="127.0.0.1", ca_file=str(tmp_path / "ca.crt"))
    if good:
        assert request(endpoint, "GET", "/").status == 200
    else:
        with pytest.raises(ssl.SSLError, match="certificate"):
            request(endpoint, "GET", "/")
