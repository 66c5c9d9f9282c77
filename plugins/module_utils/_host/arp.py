# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: who answers for an IPv4 address of the own network. Asks the wire, not the cache of the kernel, and changes neither."""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from typing import Any

ETHERTYPE = 0x0806
BROADCAST = b"\xff" * 6
REPLY = 2
TRIES, PATIENCE = 2, 0.4  # a neighbour answers within milliseconds; seconds per try


def probe(hardware: bytes, address: str) -> bytes:
    """An Ethernet frame that asks who has the address, without a sender's address: nobody learns anything from it (RFC 5227)."""
    question = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, hardware, bytes(4), bytes(6), socket.inet_aton(address))
    return BROADCAST + hardware + struct.pack("!H", ETHERTYPE) + question


def answer(frame: bytes, address: str) -> str:
    """The hardware address that a frame gives for the address; empty when it is another frame."""
    if len(frame) < 42 or frame[12:14] != struct.pack("!H", ETHERTYPE):
        return ""
    operation, hardware, sender = struct.unpack("!6xH6s4s", frame[14:32])
    return ":".join("%02x" % octet for octet in hardware) if operation == REPLY and sender == socket.inet_aton(address) else ""


def interface_of(route: str) -> str:
    """The interface out of `ip -j route get`; empty for an own address and for one behind a gateway."""
    entries: list[dict[str, Any]] = json.loads(route or "[]")
    if not entries or entries[0].get("type") == "local" or entries[0].get("gateway"):
        return ""
    return str(entries[0].get("dev") or "")


def ask(address: str, interface: str) -> str:
    """The hardware address of whoever holds the address; empty when nobody does, or when this may not be asked."""
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE)) as wire:
            wire.bind((interface, ETHERTYPE))
            hardware = wire.getsockname()[4]
            for _number in range(TRIES):
                wire.send(probe(hardware, address))
                found = listen(wire, address, time.monotonic() + PATIENCE)
                if found:
                    return found
    except OSError:
        pass
    return ""


def listen(wire: socket.socket, address: str, end: float) -> str:
    """The first answer before the end."""
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([wire], [], [], left)[0]:
            return ""
        found = answer(wire.recv(2048), address)
        if found:
            return found
