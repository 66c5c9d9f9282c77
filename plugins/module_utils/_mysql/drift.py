# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the running server is the declared one: variables and certificate. PRIVATE to the collection."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import typing as t

from . import settings

VALIDATED = settings.VALIDATED  # RA-18

# The server rounds these up: the buffer pool to a multiple of chunk size times instances.
ROUNDED = {"innodb_buffer_pool_size": 1 << 30, "innodb_redo_log_capacity": 1 << 20}
BLOCK = 4096  # sizes are rounded down to blocks of 128 to 4096 bytes
# Old names of character sets and what the server prints for them.
ALIASES = {"UTF8": "UTF8MB3", "UTF8_GENERAL_CI": "UTF8MB3_GENERAL_CI"}
COMBINED = {"ANSI", "TRADITIONAL"}  # modes that stand for several others, which the server prints beside them


def normal(value: t.Any) -> str:
    """A value as text that can be compared: numbers and sizes as a number, switches as ON and OFF, directories without a last slash."""
    if value is None:
        return "ON"  # an option without a value
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    text = str(value).strip().strip("'\"").upper()
    number = settings.number(text)
    if number is not None and ":" not in text:
        return repr(number)
    text = {"TRUE": "ON", "FALSE": "OFF"}.get(text, ALIASES.get(text, text))
    return text.rstrip("/") if text.startswith("/") else text


def words(value: str) -> set[str]:
    """The members of a value that is a list: sql_mode, log_output, tls_version."""
    return {one.strip() for one in value.split(",") if one.strip()}


def same(name: str, wanted: t.Any, seen: str) -> bool:
    """Whether the server runs with the declared value."""
    one, two = normal(wanted), normal(seen)
    if one == two or {one, two} in ({"ON", "1.0"}, {"OFF", "0.0"}):
        return True
    if "," in two or "," in one:
        return words(one) == words(two) or bool(words(one) & COMBINED and words(one) <= words(two))
    number, other = settings.number(one), settings.number(two)
    if number is None or other is None:
        return False
    if name in ROUNDED:
        return 0 <= other - number < ROUNDED[name]
    return (name.endswith("_size") or name == "max_allowed_packet") and 0 <= number - other < BLOCK <= number and other % 128 == 0


def asked(wanted: t.Iterable[str]) -> list[str]:
    """The variables that the server is asked for."""
    shown = {settings.variable(name) for name in wanted} - {""}
    return sorted(shown | {name[len("skip_") :] for name in shown if name.startswith("skip_")})


def differences(wanted: dict[str, t.Any], seen: dict[str, str]) -> dict[str, dict[str, str]]:
    """The settings with another value than declared. One that no variable shows cannot be compared: mysqld does not start on a name it does not know."""
    found = {}
    for name, value in sorted(wanted.items(), key=lambda item: str(item[0])):
        shown, runs = settings.variable(name), value
        if not shown:
            continue
        if shown not in seen and shown.startswith("skip_") and shown[len("skip_") :] in seen:
            shown, runs = shown[len("skip_") :], normal(value) in ("OFF", "0.0")
        if shown not in seen and str(name).lower().startswith(("loose_", "loose-")):
            continue
        if shown not in seen or not same(shown, runs, seen[shown]):
            found[str(name)] = {"expected": str(value), "seen": seen.get(shown, "(unknown to this server)")}
    return found


def sentence(found: dict[str, dict[str, str]]) -> str:
    """For a warning."""
    parts = [f"{name} is {one['seen']}, declared {one['expected']}" for name, one in found.items()]
    return "; ".join(parts)


CLIENT_SSL = 0x0800


def offers_tls(greeting: bytes) -> bool:
    """Whether a server's first packet offers TLS: behind version text, thread number, 8 bytes and a filler stand the capabilities."""
    place = greeting.index(b"\0", 1) + 1 + 4 + 8 + 1
    return bool(int.from_bytes(greeting[place : place + 2], "little") & CLIENT_SSL)


def presented(host: str, port: int, timeout: float = 5.0) -> t.Optional[bytes]:
    """The certificate (DER) the server shows to a client. TLS begins before the login, so no password is needed.

    Empty when the server offers no TLS; None when it turns this host away before that, as one without network accounts does.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((host, port), timeout=timeout) as plain:
        header = plain.recv(4, socket.MSG_WAITALL)
        greeting = plain.recv(int.from_bytes(header[:3], "little"), socket.MSG_WAITALL)
        if greeting[:1] == b"\xff":
            return None
        if not offers_tls(greeting):
            return b""
        capabilities = 0x00000200 | CLIENT_SSL | 0x00008000  # protocol 4.1, TLS, secure connection
        plain.sendall(struct.pack("<I", 32 | 1 << 24) + struct.pack("<IIB23x", capabilities, 1 << 24, 45))
        with context.wrap_socket(plain) as secure:
            return secure.getpeercert(binary_form=True) or b""


def in_file(path: str) -> bytes:
    """The first certificate (DER) of a PEM file."""
    with open(path, encoding="ascii", errors="ignore") as stream:
        match = re.search(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", stream.read(), re.S)
    return ssl.PEM_cert_to_DER_cert(match.group(0)) if match else b""
