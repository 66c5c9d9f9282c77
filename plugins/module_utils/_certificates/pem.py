# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted out of a PEM file, and nothing else of it. PRIVATE to the collection.

A file that a person gives may hold the key beside the certificate (`openssl pkcs12 -nodes`, HAProxy), text around the blocks, Windows' line ends or a byte
order mark. OpenSSL takes all of it; Go takes no byte order mark, and a key must not land in a public file. So blocks are read, and written anew.
"""

from __future__ import annotations

import base64
import binascii
import re
import textwrap

BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?\n(.*?)-----END \1-----", re.DOTALL)
CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE")


def block(label: str, der: bytes) -> bytes:
    """One block in its usual form."""
    return f"-----BEGIN {label}-----\n{textwrap.fill(base64.b64encode(der).decode(), 64)}\n-----END {label}-----\n".encode()


def _der(label: str, body: bytes) -> bytes:
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"a block {label} is damaged: {error}") from None
    if not der.startswith(b"\x30"):
        raise ValueError(f"a block {label} is damaged: no ASN.1 sequence")
    return der


def _blocks(data: bytes) -> list[tuple[str, bytes]]:
    return [(found.group(1).decode(), found.group(2)) for found in BLOCK.finditer(data)]


def certificates(data: bytes) -> bytes:
    """All certificates of a file in their order. Raises ValueError when there is none, or a damaged one."""
    found = [block("CERTIFICATE", _der(label, body)) for label, body in _blocks(data) if label in CERTIFICATES]
    if not found:
        raise ValueError("no block CERTIFICATE")
    return b"".join(found)


def private_key(data: bytes) -> bytes:
    """The first private key of a file. Raises ValueError when there is none or a damaged one, TypeError when it needs a passphrase."""
    for label, body in _blocks(data):
        if not label.endswith("PRIVATE KEY"):
            continue
        if label.startswith("ENCRYPTED") or b"ENCRYPTED" in body:
            raise TypeError("the private key needs a passphrase")
        return block(label, _der(label, body))
    raise ValueError("no block PRIVATE KEY")
