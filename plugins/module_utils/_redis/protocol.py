# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redis client of sixty lines, and the judgement of what a server says. PRIVATE to the collection.

No library: the check has to run on hosts and pods that have nothing but Python.
"""

from __future__ import annotations

import re
import socket
import ssl
import typing as t

UNITS = {"": 1, "b": 1, "k": 1000, "kb": 1024, "m": 1000**2, "mb": 1024**2, "g": 1000**3, "gb": 1024**3}


class RedisError(Exception):
    """The server answered with an error."""


def size(text: str) -> int:
    """A size as redis.conf writes it (4gb, 512mb, 1000) in bytes."""
    match = re.fullmatch(r"(\d+)\s*([a-z]*)", str(text).strip().lower())
    if not match or match.group(2) not in UNITS:
        raise ValueError(f"{text!r} is no size of redis.conf: a number and one of b, k, kb, m, mb, g, gb.")
    return int(match.group(1)) * UNITS[match.group(2)]


def same(key: str, wanted: str, seen: str) -> bool:
    """Whether two values of a setting mean the same."""
    if wanted == seen:
        return True
    if key == "bind":
        return sorted(wanted.split()) == sorted(seen.split())
    try:
        return size(wanted) == size(seen)
    except ValueError:
        return wanted.lower() == seen.lower()


def encode(*words: str) -> bytes:
    """A command in the protocol."""
    parts = [f"*{len(words)}\r\n".encode()]
    for word in words:
        data = word.encode("utf-8")
        parts.append(f"${len(data)}\r\n".encode() + data + b"\r\n")
    return b"".join(parts)


def decode(stream: t.BinaryIO) -> t.Any:
    """One answer from the protocol; errors are raised."""
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("the server closed the connection")
    kind, rest = line[:1], line[1:-2].decode("utf-8", "replace")
    if kind == b"+":
        return rest
    if kind == b"-":
        raise RedisError(rest)
    if kind == b":":
        return int(rest)
    if kind == b"$":
        length = int(rest)
        return None if length < 0 else stream.read(length + 2)[:-2].decode("utf-8", "replace")
    if kind == b"*":
        return [decode(stream) for dummy in range(max(int(rest), 0))]
    raise ConnectionError(f"this is no Redis: it answered {line[:40]!r}")


class Client:
    """One connection."""

    def __init__(self, host: str, port: int, timeout: float, context: t.Optional[ssl.SSLContext] = None, server_name: str = "") -> None:
        try:
            connection = socket.create_connection((host, port), timeout=timeout)
        except (ValueError, OverflowError) as error:
            raise OSError("%s port %s cannot be an address (%s)" % (host, port, error)) from error
        if context is not None:
            connection = context.wrap_socket(connection, server_hostname=server_name or host)
        self._connection = connection
        self._stream = connection.makefile("rb")

    def call(self, *words: str) -> t.Any:
        """Send a command and return its answer."""
        self._connection.sendall(encode(*words))
        return decode(t.cast(t.BinaryIO, self._stream))

    def certificate(self) -> dict[str, t.Any]:
        """The server's certificate, as ssl.getpeercert() shows a trusted one; empty without TLS."""
        return dict(self._connection.getpeercert() or {}) if isinstance(self._connection, ssl.SSLSocket) else {}

    def der(self) -> bytes:
        """The server's certificate as it is sent; empty without TLS."""
        return (self._connection.getpeercert(binary_form=True) or b"") if isinstance(self._connection, ssl.SSLSocket) else b""

    def protocol(self) -> str:
        """Version of TLS; empty without it."""
        return (self._connection.version() or "") if isinstance(self._connection, ssl.SSLSocket) else ""

    def close(self) -> None:
        """End the connection."""
        self._stream.close()
        self._connection.close()


def info(text: str) -> dict[str, str]:
    """The answer of INFO as a mapping."""
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line and not line.startswith("#"))


def settings(answer: t.Sequence[str]) -> dict[str, str]:
    """The answer of CONFIG GET as a mapping."""
    return dict(zip(answer[::2], answer[1::2]))


def differences(wanted: t.Mapping[str, str], seen: t.Mapping[str, str]) -> dict[str, str]:
    """The settings that are not as wanted, each with what was seen and expected."""
    return {key: f"{seen.get(key, 'unknown')}, expected {value}" for key, value in wanted.items() if key not in seen or not same(key, str(value), seen[key])}
