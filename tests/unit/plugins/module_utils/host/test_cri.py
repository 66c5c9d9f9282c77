# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container runtime answers the kubelet. The good answer is a real containerd's (2.3) without its warnings; the server sends its frames."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host import cri
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import unit

READY = b"\n$\n\x10\n\x0cRuntimeReady\x10\x01\n\x10\n\x0cNetworkReady\x10\x01"
NO_NETWORK = b'\nI\n\x10\n\x0cRuntimeReady\x10\x01\n5\n\x0cNetworkReady\x10\x00\x1a\x15NetworkPluginNotReady"\x0cno CNI found'
BROKEN = b'\n2\n0\n\x0cRuntimeReady\x10\x00\x1a\x12RuntimeHasNoPidNs."\n/proc/7/ns'
TRAILERS = cri.frame(cri.HEADERS, cri.END_HEADERS | cri.END_STREAM, 1, b"\x88")


def grpc(message: bytes) -> bytes:
    """What a server of gRPC sends: headers, the message in two frames, trailers."""
    body = b"\0" + len(message).to_bytes(4, "big") + message
    first, second = cri.frame(cri.DATA, 0, 1, body[:7]), cri.frame(cri.DATA, 0, 1, body[7:])
    return cri.frame(cri.HEADERS, cri.END_HEADERS, 1, b"\x88") + first + second + TRAILERS


@contextmanager
def runtime(tmp_path: Path, *answers: bytes) -> Iterator[str]:
    """A runtime that answers each call in turn, after settings and a ping of its own; it wants both acknowledged."""
    path = str(tmp_path / "cri.sock")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    seen: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            connection = server.accept()[0]
            with connection:
                asked = connection.recv(1 << 16)
                connection.sendall(cri.frame(cri.SETTINGS, 0, 0) + cri.frame(cri.PING, 0, 0, b"12345678") + answer)
                with suppress(ConnectionResetError):  # of a client that has heard enough
                    while part := connection.recv(1 << 16):
                        asked += part
                seen.append(asked)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield path
    thread.join(5)
    server.close()
    assert len(seen) == len(answers)
    for asked in seen:
        assert asked.startswith(cri.request())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (grpc(READY), ""),
        (grpc(NO_NETWORK), ""),
        (grpc(BROKEN), "RuntimeHasNoPidNs.: /proc/7/ns"),
        (grpc(b""), "it does not say RuntimeReady"),
        (TRAILERS, "it answers with an error"),
        (cri.frame(cri.RST_STREAM, 0, 1, b"\0\0\0\x02"), "it ended the call"),
        (cri.frame(cri.GOAWAY, 0, 0, b"\0" * 8), "it ended the call"),
        (grpc(b"\n\xff"), "it answers what is no Status"),
        (grpc(b"\x0d1234"), "it answers what is no Status"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak gRPC"),
    ],
)
def test_what_a_runtime_says(tmp_path: Path, answer: bytes, said: str) -> None:
    with runtime(tmp_path, answer) as path:
        assert cri.problem(path, 5) == said


def test_no_socket_and_nobody_behind_it(tmp_path: Path) -> None:
    assert cri.problem(str(tmp_path / "nowhere"), 5) == "No such file or directory"
    path = str(tmp_path / "left")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    assert cri.problem(path, 5) == "Connection refused"


class Module:
    """What a unit asks of its module."""

    def __init__(self, timeout: int) -> None:
        self.params = {"name": "containerd.service", "timeout": timeout}

    def get_bin_path(self, name: str, required: bool) -> str:
        return name

    def run_command(self, command: list[str]) -> tuple[int, str, str]:
        return 0, "failed to load plugin" if command[0] == "journalctl" else "", ""

    def fail_json(self, **said: Any) -> None:
        raise SystemExit(said["msg"])


def test_an_active_unit_is_waited_for_until_its_interface_answers(tmp_path: Path) -> None:
    with runtime(tmp_path, TRAILERS, grpc(BROKEN), grpc(READY)) as path:
        unit.Unit(Module(30)).wait_cri(path)  # type: ignore[arg-type]


def test_one_that_never_does_is_a_sentence(tmp_path: Path) -> None:
    with runtime(tmp_path, TRAILERS) as path, pytest.raises(SystemExit) as end:
        unit.Unit(Module(0)).wait_cri(path)  # type: ignore[arg-type]
    said = str(end.value)
    assert said.startswith("The container runtime does not become ready: asked for its Status")
    assert f"at {path}, it answers with an error; expected RuntimeReady within 0 s" in said
    assert "failed to load plugin" in said and said.endswith("Next: journalctl -u containerd.service")
