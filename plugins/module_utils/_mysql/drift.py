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

# The settings W&B validates (RA-18).
VALIDATED: dict[str, t.Any] = {
    "binlog_format": "ROW",
    "binlog_row_image": "MINIMAL",
    "innodb_flush_log_at_trx_commit": 1,
    "innodb_online_alter_log_max_size": 268435456,
    "max_prepared_stmt_count": 1048576,
    "sort_buffer_size": 67108864,
    "sync_binlog": 1,
}
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
# The server rounds these up: the buffer pool to a multiple of chunk size times instances.
ROUNDED = {"innodb_buffer_pool_size": 1 << 30, "innodb_redo_log_capacity": 1 << 20}


def normal(value: t.Any) -> str:
    """A value as text that can be compared: sizes in bytes, switches as ON and OFF."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    text = str(value).strip().upper()
    match = re.fullmatch(r"(\d+)([KMGT])", text)
    if match:
        return str(int(match.group(1)) * UNITS[match.group(2)])
    return {"TRUE": "ON", "FALSE": "OFF"}.get(text, text)


def same(name: str, wanted: t.Any, seen: str) -> bool:
    """Whether the server runs with the declared value."""
    one, two = normal(wanted), normal(seen)
    if one == two or {one, two} in ({"ON", "1"}, {"OFF", "0"}):
        return True
    if name in ROUNDED and one.isdigit() and two.isdigit():
        return 0 <= int(two) - int(one) < ROUNDED[name]
    return False


def differences(wanted: dict[str, t.Any], seen: dict[str, str]) -> dict[str, dict[str, str]]:
    """The variables with another value than declared. One the server does not know has no value."""
    return {
        name: {"expected": str(value), "seen": seen.get(name, "(unknown to this server)")}
        for name, value in sorted(wanted.items())
        if name not in seen or not same(name, value, seen[name])
    }


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
