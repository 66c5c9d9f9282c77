# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import sha2
from hypothesis import given, settings
from hypothesis import strategies as st

# Written by MySQL 9.7.4: CREATE USER … IDENTIFIED BY, then HEX(authentication_string).
STORED = {
    "abcDEF123xyz": "24412430304124271C7E3D64764C4F762A2847152E6665544B5D1D724B4D663166345A6E6B584B524858336369666E6F4732"
    "2F76624A32506C7A3474766C63717839674B6732",
    "x": "244124303041240E1858743A4262301C4A44061A1107452864552F47345749304639492F46342E30716E6B384B64314979687675573874516B5534695A5534324D6670694F38",
}


@pytest.mark.parametrize("password", STORED)
def test_what_the_server_stored_belongs_to_the_password(password: str) -> None:
    assert sha2.matches(password, bytes.fromhex(STORED[password]))


@pytest.mark.parametrize("password", STORED)
def test_another_password_does_not(password: str) -> None:
    assert not sha2.matches(password + "y", bytes.fromhex(STORED[password]))
    assert not sha2.matches("", bytes.fromhex(STORED[password]))


@pytest.mark.parametrize("stored", [b"", b"*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29", b"$A$zzz$", b"$A$005"])
def test_another_format_does_not(stored: bytes) -> None:
    assert not sha2.matches("x", stored)


def test_the_digest_is_that_of_crypt() -> None:
    # crypt(3) of $5$saltstring and of $5$rounds=1000$0123456789abcdef.
    assert sha2.digest(b"Hello world!", b"saltstring", 5000) == "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"
    assert sha2.digest(b"ab", b"0123456789abcdef", 1000) == "9evDKEtMORGWVaczlZD4APon0RLdBgzvG/3q7QH/Qa9"


@settings(max_examples=10)
@given(st.text(max_size=80), st.binary(min_size=20, max_size=20))
def test_every_password_matches_its_own_digest(password: str, salt: bytes) -> None:
    stored = b"$A$001$" + salt + sha2.digest(password.encode(), salt, 1000).encode()
    assert sha2.matches(password, stored)
