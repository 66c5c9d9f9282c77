# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to pods and questions to resolvers, from the network this process is in. PRIVATE to the collection."""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

TYPE_A = 1
CODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
REFUSED = "connection refused"
UNREACHABLE = {errno.EHOSTUNREACH: "no way to the host, or refused by a packet filter", errno.ENETUNREACH: "no route", errno.ECONNREFUSED: REFUSED}


def in_words(error: OSError) -> str:
    """An error of a socket, short."""
    if isinstance(error, TimeoutError):  # socket.timeout is one of its names
        return "no answer in time"
    return UNREACHABLE.get(error.errno or 0, error.strerror or str(error) or type(error).__name__)


def connect(address: str, port: int, timeout: float) -> str:
    """Why a TCP connection does not come about; empty when it does."""
    try:
        socket.create_connection((address, port), timeout=timeout).close()
    except socket.timeout:
        return "no answer in time"
    except OSError as error:
        return in_words(error)
    return ""


def question(name: str, number: int) -> bytes:
    """A question for the IPv4 address of a name as a resolver takes it: a header and one question."""
    labels = [label.encode("idna") if label else b"" for label in name.rstrip(".").split(".")]
    if any(not 0 < len(label) < 64 for label in labels):
        raise ValueError(f"'{name}' is no DNS name")
    packed = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + packed + struct.pack(">2H", TYPE_A, 1)


def answer(message: bytes, number: int) -> tuple[list[str], str]:
    """Addresses out of an answer, and what is wrong with it. Raises ValueError for a message that is none of ours."""
    if len(message) < 12:
        raise ValueError("too short")
    found, flags, questions, answers = struct.unpack(">4H", message[:8])
    if found != number or not flags & 0x8000:
        raise ValueError("not an answer to this question")
    if flags & 15:
        return [], CODES.get(flags & 15, f"code {flags & 15}")
    place, addresses = 12, []
    for _number in range(questions):
        place = _after_name(message, place) + 4
    for _number in range(answers):
        place = _after_name(message, place)
        kind, _class, _seconds, length = struct.unpack(">2HIH", message[place : place + 10])
        place += 10
        if kind == TYPE_A and length == 4:
            addresses.append(socket.inet_ntoa(message[place : place + 4]))
        place += length
    return addresses, "" if addresses else "no address for the name"


def _after_name(message: bytes, place: int) -> int:
    """Where a name in a message ends."""
    while place < len(message):
        length = message[place]
        if length >= 192:
            return place + 2
        place += 1 + length
        if not length:
            return place
    raise ValueError("a name does not end")


def resolve(server: str, name: str, timeout: float, port: int = 53, tries: int = 2) -> tuple[list[str], str]:
    """Addresses of a name by UDP, or why there are none: each try has its share of the time."""
    number = int.from_bytes(os.urandom(2), "big")
    why = "no answer in time"
    with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            # Connected, so that a refusal by ICMP is seen and nobody else's packet counts.
            sock.connect((server, port))
            for _try in range(tries):
                sock.settimeout(timeout / tries)
                try:
                    sock.send(question(name, number))
                    return answer(sock.recv(4096), number)
                except socket.timeout:
                    continue
        except (ValueError, struct.error) as error:
            why = f"an answer that cannot be read ({error})"
        except OSError as error:
            why = in_words(error)
    return [], why


def connections(partners: t.Sequence[t.Mapping[str, t.Any]], timeout: float) -> list[dict[str, t.Any]]:
    """A connection to each partner that listens, all at the same time."""

    def one(partner: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        begun = time.monotonic()
        error = connect(partner["address"], partner["port"], timeout)
        seconds = time.monotonic() - begun
        return {"node": partner["node"], "pod": partner["name"], "address": partner["address"], "port": partner["port"], "error": error,
                "milliseconds": round(seconds * 1000, 1)}  # fmt: skip

    return side_by_side(one, [partner for partner in partners if partner["port"]])


def names(servers: t.Sequence[t.Mapping[str, t.Any]], timeout: float) -> list[dict[str, t.Any]]:
    """Each name of each server (role, server, address, names), all at the same time."""

    def one(asked: tuple[t.Mapping[str, t.Any], str]) -> dict[str, t.Any]:
        server, name = asked
        addresses, error = resolve(server["address"], name, timeout)
        return {"role": server["role"], "server": server["server"], "name": name, "addresses": addresses, "error": error}

    return side_by_side(one, [(server, name) for server in servers for name in server["names"]])


def side_by_side(one: t.Callable[[t.Any], dict[str, t.Any]], of: t.Sequence[t.Any]) -> list[dict[str, t.Any]]:
    """Answers in the order of the questions, so that ten dead ones cost one time-out."""
    if not of:
        return []
    with ThreadPoolExecutor(max_workers=min(32, len(of))) as pool:
        return list(pool.map(one, of))
