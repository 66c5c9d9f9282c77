# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients of W&B that go on while something is changed under it, and count what they see."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

BODY = os.urandom(50_000)
Answer = tuple[int, bytes]


class ServedName(http.client.HTTPSConnection):
    """A connection to an address that asks for a name, as a client does whose DNS has named this one of several addresses."""

    def __init__(self, address: str, name: str, context: ssl.SSLContext, timeout: float = 30, port: int = 443) -> None:
        super().__init__(name, port, timeout=timeout, context=context)
        self.address, self.trust = address, context

    def connect(self) -> None:
        plain = socket.create_connection((self.address, self.port), timeout=self.timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self.trust.wrap_socket(plain, server_hostname=self.host)

    def serial(self) -> str:
        """Of the certificate that this connection was made with."""
        return f"{int(self.sock.getpeercert()['serialNumber'], 16):X}"

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """One request; the connection is kept."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        self.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        answer = self.getresponse()
        return answer.status, answer.read()


@dataclass
class Count:
    """What one kind of client saw."""

    good: int = 0
    failed: list[str] = field(default_factory=list)
    gap: float = 0.0  # the longest time without a success, in seconds
    serials: Counter[str] = field(default_factory=Counter)

    def words(self) -> str:
        return f"{self.good} good, {len(self.failed)} failed, longest pause {self.gap:.1f} s{'; first: ' + self.failed[0] if self.failed else ''}"


class Site:
    """Where W&B is, and what its clients trust: read once, as a machine does that has not taken a newer bundle yet."""

    def __init__(self, addresses: list[str], name: str, bundle: str) -> None:
        self.addresses, self.name, self.bundle = addresses, name, bundle
        self.take_bundle()

    def take_bundle(self) -> None:
        self.trust = ssl.create_default_context(cafile=self.bundle)

    def connection(self, turn: int = 0) -> ServedName:
        return ServedName(self.addresses[turn % len(self.addresses)], self.name, self.trust)

    def ask(self, method: str, path: str, body: Any = None, turn: int = 0) -> Answer:
        connection = self.connection(turn)
        try:
            return connection.ask(method, path, body)
        finally:
            connection.close()

    def json(self, method: str, path: str, body: Any = None, turn: int = 0) -> dict[str, Any]:
        status, data = self.ask(method, path, body, turn)
        assert status < 300, f"{method} {path}: {status} {data[:200]!r}"
        return dict(json.loads(data))

    def store(self, signed: dict[str, Any], body: bytes | None = None) -> bytes:
        """What a client does with a URL that W&B has signed for it."""
        url = urlsplit(signed["url"])
        assert url.hostname
        connection = http.client.HTTPSConnection(url.hostname, url.port or 443, timeout=30, context=self.trust)
        try:
            connection.request(signed["method"], f"{url.path}?{url.query}", body)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, f"{signed['method']} of the object store: {answer.status} {data[:300]!r}"
        return data


def page(site: Site, count: Count, turn: int) -> None:
    """A new connection that verifies chain and name, and one page."""
    connection = site.connection(turn)
    try:
        connection.connect()
        count.serials[connection.serial()] += 1
        status, data = connection.ask("GET", "/api/info")
    finally:
        connection.close()
    assert status == 200, f"GET /api/info: {status} {data[:200]!r}"


def file_round(site: Site, count: Count, turn: int) -> None:
    """A run, a file in the bucket by signed URLs, both ways."""
    run = site.json("POST", "/api/runs", {"name": f"site {turn}"}, turn)["id"]
    path = f"/api/runs/{run}/files?name=model.bin"
    site.store(site.json("POST", path, None, turn), BODY)
    assert site.store(site.json("GET", path, None, turn)) == BODY


def job_round(site: Site, count: Count, turn: int) -> None:
    """A job through Redis; a worker that is replaced may take one with it, which W&B then queues again within a minute."""
    job = site.json("POST", "/api/jobs", {"kind": "echo", "payload": {"turn": turn}}, turn)["id"]
    end = time.monotonic() + 90
    while True:
        seen = site.json("GET", f"/api/jobs/{job}?wait=10", None, turn)
        if seen["status"] != "queued":
            break
        assert time.monotonic() < end, f"job {job} is queued after 90 s"
    assert seen["status"] == "done", seen


Kind = Callable[[Site, Count, int], None]


def work(site: Site, kind: Kind, count: Count, stop: threading.Event, first: int, pause: float) -> None:
    last, turn = time.monotonic(), first
    while not stop.is_set():
        turn += 1
        try:
            kind(site, count, turn)
            count.good += 1
            count.gap, last = max(count.gap, time.monotonic() - last), time.monotonic()
        except (OSError, AssertionError, http.client.HTTPException, ValueError) as error:
            count.failed.append(f"{time.strftime('%H:%M:%S')} {type(error).__name__}: {error}")
        stop.wait(pause)
    count.gap = max(count.gap, time.monotonic() - last)


@contextmanager
def load(site: Site, *kinds: Kind, workers: int = 2, pause: float = 0.0) -> Iterator[dict[str, Count]]:
    """Clients of each kind, until the block ends. Results by the kind's name."""
    stop = threading.Event()
    counts = {f"{kind.__name__}{number}": Count() for kind in kinds for number in range(workers)}
    threads = [
        threading.Thread(target=work, args=(site, kind, counts[f"{kind.__name__}{number}"], stop, number, pause)) for kind in kinds for number in range(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def total(counts: dict[str, Count], kind: Kind) -> Count:
    """All clients of a kind as one."""
    mine = [count for name, count in counts.items() if name.rstrip("0123456789") == kind.__name__]
    added = Count(sum(count.good for count in mine), [line for count in mine for line in count.failed], max(count.gap for count in mine))
    for count in mine:
        added.serials.update(count.serials)
    return added
