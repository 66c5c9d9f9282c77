# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stored form of a caching_sha2_password, to compare a password with it without logging in. PRIVATE to the collection.

The format is $A$<rounds / 1000, hex>$<20 bytes of salt><43 characters>; the 43 characters are SHA-256 crypt
(https://www.akkadia.org/drepper/SHA-crypt.txt) with a salt of 20 bytes. Python's crypt module had it until 3.12, with 16 bytes.
"""

from __future__ import annotations

import hashlib

ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX = b"$A$"
SALT_LENGTH = 20
# The order in which the digest's bytes are written, three at a time.
ORDER = ((0, 10, 20), (21, 1, 11), (12, 22, 2), (3, 13, 23), (24, 4, 14), (15, 25, 5), (6, 16, 26), (27, 7, 17), (18, 28, 8), (9, 19, 29))


def _sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _stretch(block: bytes, length: int) -> bytes:
    return (block * (length // len(block) + 1))[:length] if length else b""


def _encode(value: int, characters: int) -> str:
    return "".join(ALPHABET[(value >> (6 * place)) & 63] for place in range(characters))


def digest(password: bytes, salt: bytes, rounds: int) -> str:
    """SHA-256 crypt of the password: 43 characters."""
    other = _sha(password + salt + password)
    start = password + salt + _stretch(other, len(password))
    bits = len(password)
    while bits:
        start += other if bits & 1 else password
        bits >>= 1
    current = _sha(start)
    p_bytes = _stretch(_sha(password * len(password)), len(password))
    s_bytes = _stretch(_sha(salt * (16 + current[0])), len(salt))
    for number in range(rounds):
        block = p_bytes if number & 1 else current
        if number % 3:
            block += s_bytes
        if number % 7:
            block += p_bytes
        block += current if number & 1 else p_bytes
        current = _sha(block)
    text = "".join(_encode(current[a] << 16 | current[b] << 8 | current[c], 4) for a, b, c in ORDER)
    return text + _encode(current[31] << 8 | current[30], 3)


def matches(password: str, stored: bytes) -> bool:
    """Whether the stored authentication string belongs to this password."""
    if not stored.startswith(PREFIX) or stored[6:7] != b"$":
        return False
    try:
        rounds = int(stored[3:6], 16) * 1000
    except ValueError:
        return False
    salt, wanted = stored[7 : 7 + SALT_LENGTH], stored[7 + SALT_LENGTH :]
    return bool(rounds) and digest(password.encode(), salt, rounds).encode() == wanted
