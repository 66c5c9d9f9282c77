# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real file server on 127.0.0.1 with the faults that downloads meet, and archives of any content."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import io
import lzma
import re
import tarfile
import threading
import time
import typing as t

import pytest


class FileServer:
    """Serves `files`; `faults` are used up one per request, before that the server behaves."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: list[tuple[str, t.Any]] = []
        self.log: list[tuple[str, int, str]] = []  # path, status, Range header
        self.ranges = True
        self.validators = True
        self.honest_if_range = True
        self.lengths = True
        self.running = 0
        self.most = 0
        self.slow = 0.0
        self.together = 0  # an answer waits until so many requests run at once, ten seconds at most
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_args: t.Any) -> None:
                pass

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"
        self.thread = threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def add(self, path: str, content: bytes) -> dict[str, str]:
        """Put a file there and return what a wanted artifact says of it."""
        self.files[path] = content
        return {"url": self.url + path, "sha256": hashlib.sha256(content).hexdigest()}

    def close(self) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()
        self.thread.join()

    @property
    def statuses(self) -> list[int]:
        return [status for _path, status, _range in self.log]

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        deadline = time.monotonic() + 10
        while self.most < self.together and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(self.slow)
        try:
            self._answer(request)
        finally:
            self.running -= 1

    def _answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        fault, value = self.faults.pop(0) if self.faults else ("", None)
        wanted = request.headers.get("Range", "")
        body = self.files.get(request.path)
        if fault == "bytes":
            body = value
        if fault == "status" or body is None:
            status, headers = value if fault == "status" else (404, {})
            self.log.append((request.path, status, wanted))
            request.send_response(status)
            for name, content in {"Content-Length": "0", **headers}.items():
                request.send_header(name, content)
            request.end_headers()
            return
        etag = f'"{hashlib.sha256(body).hexdigest()[:8]}"'
        start, status = 0, 200
        match = re.match(r"bytes=(\d+)-\Z", wanted)
        if match and self.ranges and (not self.honest_if_range or request.headers.get("If-Range") == etag):
            start, status = int(match.group(1)), 206
            if start >= len(body):
                status = 416
        self.log.append((request.path, status, wanted))
        request.send_response(status)
        if self.validators:
            request.send_header("ETag", etag)
        piece = b"" if status == 416 else body[start:]
        if status == 206:
            told = start + (7 if fault == "other range" else 0)
            request.send_header("Content-Range", f"bytes {told}-{len(body) - 1}/{len(body)}")
        if self.lengths:
            request.send_header("Content-Length", str(len(piece)))
        else:
            request.send_header("Connection", "close")
            request.close_connection = True
        request.end_headers()
        if fault == "cut":
            request.wfile.write(piece[:value])
            request.wfile.flush()
            request.close_connection = True
            request.connection.close()
            return
        if fault == "stall":
            request.wfile.write(piece[: len(piece) // 2])
            request.wfile.flush()
            time.sleep(value)
            request.close_connection = True
            return
        request.wfile.write(piece)


@pytest.fixture(name="file_server")
def fixture_file_server() -> t.Iterator[FileServer]:
    server = FileServer()
    yield server
    server.close()


def make_tar(*members: tuple[t.Any, ...], kind: str = "tar.gz") -> bytes:
    """The same bytes for the same members, whenever it is called. Members: (name, content: bytes[, mode]) or (name, type[, linkname])."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, what, *rest in members:
            info = tarfile.TarInfo(name)
            if what is None or (isinstance(what, bytes) and what in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)):
                info.type = what or tarfile.DIRTYPE
                info.mode = 0o755
                info.linkname = rest[0] if rest else ""
                tar.addfile(info)
                continue
            info.mode = rest[0] if rest else 0o644
            info.size = len(what)
            tar.addfile(info, io.BytesIO(what))
    compress = {"tar": bytes, "tar.gz": functools.partial(gzip.compress, mtime=0), "tar.xz": lzma.compress}[kind]
    return t.cast("bytes", compress(out.getvalue()))


@pytest.fixture(name="make_tar")
def fixture_make_tar() -> t.Callable[..., bytes]:
    return make_tar
