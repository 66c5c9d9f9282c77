#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Presigned PUT and GET, the bare disk, and the same client against a server that throws away: the same bytes, side by side. Runs on a host of the store."""

from __future__ import annotations

import datetime as dt
import http.client
import http.server
import os
import signal
import ssl
import statistics
import threading
import time
import typing as t
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import sign  # type: ignore[import-untyped]

MIB = 2**20
SHAPES = {"single": (1, 64 * MIB), "sixteen": (16, 16 * MIB)}  # streams at the same time, bytes of each
REPETITIONS, BUDGET = 7, 80.0  # seconds; at least three repetitions are made whatever they take
PREFIX = "onprem-wandb-bench"


class Nobody(http.server.BaseHTTPRequestHandler):
    """Loopback's end: reads what it is given and keeps nothing, sends what it is asked for from memory."""

    protocol_version = "HTTP/1.1"
    body = b""

    def do_PUT(self) -> None:
        left, buffer = int(self.headers["Content-Length"]), bytearray(MIB)
        while left:
            left -= self.rfile.readinto(memoryview(buffer)[: min(left, MIB)])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        size = int(self.path.rsplit("/", 1)[1])
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(memoryview(self.body)[:size])

    def log_message(self, format: str, *args: t.Any) -> None:
        """Nobody reads it."""


class Forking(http.server.HTTPServer):
    """One process for each connection: Python's threads would wait for each other, the store's do not."""

    request_queue_size = 64

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Nobody)
        self.context = context

    def process_request(self, request: t.Any, client_address: t.Any) -> None:
        if os.fork() == 0:
            try:
                self.finish_request(self.context.wrap_socket(request, server_side=True), client_address)
            finally:
                os._exit(0)
        request.close()


class Client:
    """One object and one connection at a time; the same code for the store and for loopback."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, body: bytes) -> None:
        self.host, self.port, self.context, self.body = host, port, context, body
        self.buffers = [bytearray(MIB) for _number in range(16)]

    def call(self, method: str, target: str, size: int, number: int) -> str:
        connection = http.client.HTTPSConnection(self.host, self.port, context=self.context, timeout=60)
        connection.request(method, target, body=memoryview(self.body)[:size] if method == "PUT" else None)
        reply, got = connection.getresponse(), 0
        while True:
            read = reply.readinto(self.buffers[number])
            got += read
            if not read:
                break
        connection.close()
        if reply.status not in (200, 204) or (method == "GET" and got != size):
            raise RuntimeError(f"{method} {urlsplit(target).path}: status {reply.status}, {got} bytes; expected 200 and {size if method == 'GET' else 'any'}.")
        return reply.headers.get("x-amz-version-id", "")


def together(streams: int, work: t.Callable[[int], t.Any]) -> float:
    """Seconds until all streams are done. The first error counts."""
    barrier, errors = threading.Barrier(streams + 1), []

    def one(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except Exception as error:  # pylint: disable=broad-exception-caught
            errors.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(streams)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.monotonic()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    if errors:
        raise errors[0]
    return seconds


class Bench:
    """All that is measured, by name, in one repetition."""

    def __init__(self, params: dict[str, t.Any]) -> None:
        self.params, self.body, self.versions = params, os.urandom(64 * MIB), []  # type: dict[str, t.Any], bytes, list[tuple[str, str]]
        parts = urlsplit(params["endpoint"])
        self.netloc = parts.netloc
        trust = ssl.create_default_context(cafile=params["certificates"] + "/CAs/ca.crt")
        self.store = Client(str(parts.hostname), parts.port or 443, trust, self.body)
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        served.load_cert_chain(params["certificates"] + "/public.crt", params["certificates"] + "/private.key")
        Nobody.body = self.body
        self.server = Forking(served)
        self.process = os.fork()
        if self.process == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for its processes
            self.server.serve_forever()
        anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the certificate is for the store's name
        anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
        self.loopback = Client("127.0.0.1", self.server.server_port, anyone, self.body)

    def url(self, method: str, key: str, root: bool = False, **more: str) -> str:
        who = (self.params["root_user"], self.params["root_password"]) if root else (self.params["access_key"], self.params["secret_key"])
        now = dt.datetime.now(dt.timezone.utc)
        return sign.presign(method, self.netloc, f"/{self.params['bucket']}/{PREFIX}/{key}", *who, self.params["region"], now, 600, more)

    def put(self, size: int, number: int) -> None:
        version = self.store.call("PUT", self.url("PUT", str(number)), size, number)
        self.versions.append((str(number), version))

    def path(self, number: int) -> str:
        return os.path.join(self.params["directory"], f"{PREFIX}-{number}")

    def write(self, size: int, number: int) -> None:
        handle = os.open(self.path(number), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for begin in range(0, size, MIB):
            os.write(handle, memoryview(self.body)[begin : begin + MIB])
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)  # so that the read comes from the disk
        os.close(handle)

    def read(self, number: int) -> None:
        with open(self.path(number), "rb", buffering=0) as source:
            while source.readinto(self.store.buffers[number]):
                pass

    def repetition(self, streams: int, size: int) -> dict[str, float]:
        """MB/s of each, one after the other, and nothing is left."""
        work: dict[str, t.Callable[[int], t.Any]] = {
            "disk_write": lambda number: self.write(size, number),
            "loopback_put": lambda number: self.loopback.call("PUT", "/", size, number),
            "put": lambda number: self.put(size, number),
            "disk_read": self.read,
            "loopback_get": lambda number: self.loopback.call("GET", f"/{size}", size, number),
            "get": lambda number: self.store.call("GET", self.url("GET", str(number)), size, number),
        }
        try:
            return {name: streams * size / 1e6 / together(streams, one) for name, one in work.items()}
        finally:
            self.sweep(streams)

    def sweep(self, streams: int) -> None:
        """Remove the versions, which W&B's user may not, and the files."""
        while self.versions:
            key, version = self.versions.pop()
            self.store.call("DELETE", self.url("DELETE", key, root=True, **({"versionId": version} if version else {})), 0, 0)
        for number in range(streams):
            if os.path.exists(self.path(number)):
                os.unlink(self.path(number))

    def close(self) -> None:
        os.kill(self.process, signal.SIGTERM)
        os.waitpid(self.process, 0)


def summary(runs: list[dict[str, float]], streams: int, size: int) -> dict[str, t.Any]:
    """Medians; a ratio is that of one repetition, so that what slows all of it down for a while does not count."""

    def ratio(one: str, other: str) -> float:
        return round(statistics.median(run[one] / run[other] for run in runs), 2)

    return {
        "streams": streams, "mib": size // MIB, "repetitions": len(runs),
        "mb_s": {name: round(statistics.median(run[name] for run in runs)) for name in runs[0]},
        "put_to_disk": ratio("put", "disk_write"), "put_to_loopback": ratio("put", "loopback_put"),
        "get_to_disk": ratio("get", "disk_read"), "get_to_loopback": ratio("get", "loopback_get"),
    }  # fmt: skip


def main() -> None:
    """Entry point."""
    words = ("endpoint", "certificates", "bucket", "region", "access_key", "root_user", "directory")
    secrets = ("secret_key", "root_password")
    spec: dict[str, t.Any] = {name: {"type": "str", "required": True, "no_log": False} for name in words}
    spec.update({name: {"type": "str", "required": True, "no_log": True} for name in secrets})
    module = AnsibleModule(argument_spec=spec)
    began, runs, bench = time.monotonic(), {name: [] for name in SHAPES}, Bench(module.params)  # type: float, dict[str, list[dict[str, float]]], Bench
    try:
        for shape in SHAPES.values():
            bench.repetition(*shape)  # warm: not counted
        for turn in range(REPETITIONS):
            if turn < 3 or time.monotonic() - began < BUDGET:
                for name, shape in SHAPES.items():
                    runs[name].append(bench.repetition(*shape))
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        module.fail_json(msg=f"The object store could not be measured at {module.params['endpoint']}: {error} Next: the playbook storage_check.")
    finally:
        bench.close()
    module.exit_json(changed=False, figures={name: summary(found, *SHAPES[name]) for name, found in runs.items()})


if __name__ == "__main__":
    main()
