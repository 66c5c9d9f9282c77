# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container runtime says of itself by the kubelet's interface (CRI): one gRPC call on its socket, without a library. PRIVATE to the collection.

An active unit is no answer: the interface is a plugin of containerd, which runs on without it.
"""

from __future__ import annotations

import socket
import struct
import typing as t

Frame = tuple[int, int, int, bytes]  # type, flags, stream, payload
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CALL = (
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/runtime.v1.RuntimeService/Status"),
    (":authority", "localhost"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
)
LARGEST = 1 << 20


class Refused(Exception):
    """Why the runtime cannot start pods, as the end of a sentence."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame of HTTP/2."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def request() -> bytes:
    """The whole call: an empty StatusRequest. Headers are literal, neither indexed nor compressed."""
    block = b"".join(b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode() for name, value in CALL)
    message = b"\0" + struct.pack(">I", 0)
    return PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, END_HEADERS, 1, block) + frame(DATA, END_STREAM, 1, message)


def exactly(connection: socket.socket, size: int) -> bytes:
    """So many bytes."""
    found = b""
    while len(found) < size:
        part = connection.recv(size - len(found))
        if not part:
            raise Refused("it closed the connection")
        found += part
    return found


def frames(connection: socket.socket) -> t.Iterator[Frame]:
    """What comes, with the answers that HTTP/2 wants."""
    while True:
        head = exactly(connection, 9)
        size, kind, flags, stream = int.from_bytes(head[:3], "big"), head[3], head[4], int.from_bytes(head[5:], "big") & 0x7FFFFFFF
        if size > LARGEST:
            raise Refused("it does not speak gRPC")
        payload = exactly(connection, size)
        if kind in (SETTINGS, PING) and not flags & ACK:
            connection.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
        yield kind, flags, stream, payload


def answer(path: str, timeout: float) -> bytes:
    """The StatusResponse. Raises Refused."""
    body = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(path)
            connection.sendall(request())
            for kind, flags, stream, payload in frames(connection):
                if kind in (GOAWAY, RST_STREAM):
                    raise Refused("it ended the call")
                if stream == 1 and kind == DATA:
                    body += payload
                if stream == 1 and kind in (DATA, HEADERS) and flags & END_STREAM:
                    break
    except OSError as error:
        raise Refused(f"{error.strerror or error}") from error
    # An error comes in trailers alone; containerd's journal has it in words.
    if len(body) < 5:
        raise Refused("it answers with an error")
    return body[5 : 5 + int.from_bytes(body[1:5], "big")]


def number(data: bytes, at: int) -> tuple[int, int]:
    """A varint, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if not byte & 0x80:
            return value, at


def fields(data: bytes) -> t.Iterator[tuple[int, t.Union[int, bytes]]]:
    """The fields of a message of protobuf: numbers and strings, which is all that a Status has."""
    at = 0
    while at < len(data):
        key, at = number(data, at)
        if key & 7 == 0:
            value, at = number(data, at)
            yield key >> 3, value
        elif key & 7 == 2:
            size, at = number(data, at)
            yield key >> 3, data[at : at + size]
            at += size
        else:
            raise Refused("it answers what is no Status")


def conditions(response: bytes) -> dict[str, tuple[bool, str]]:
    """RuntimeReady and NetworkReady: whether, and why not."""
    found = {}
    try:
        for outer, status in fields(response):
            for inner, condition in fields(status) if outer == 1 and isinstance(status, bytes) else ():
                if inner == 1 and isinstance(condition, bytes):
                    parts = dict(fields(condition))
                    texts = {key: value.decode(errors="replace") for key, value in parts.items() if isinstance(value, bytes)}
                    words = ": ".join(texts[key] for key in (3, 4) if texts.get(key))
                    found[texts.get(1, "")] = (bool(parts.get(2)), words)
    except IndexError as error:
        raise Refused("it answers what is no Status") from error
    return found


def problem(path: str, timeout: float) -> str:
    """Why the runtime behind this socket cannot run containers, or nothing. The network of pods comes later, by its own layer."""
    try:
        ready, words = conditions(answer(path, timeout)).get("RuntimeReady", (False, "it does not say RuntimeReady"))
    except Refused as error:
        return str(error)
    return "" if ready else words or "RuntimeReady is false"
