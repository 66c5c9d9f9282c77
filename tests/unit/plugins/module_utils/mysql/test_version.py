# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import version
from hypothesis import given
from hypothesis import strategies as st

NUMBER = st.integers(0, 99)


@pytest.mark.parametrize("text", ["8.4.11", "8.4.11-log", "8.4.11-0ubuntu0.24.04.5", "8.4.11.0"])
def test_three_numbers_are_read(text: str) -> None:
    assert version.parse(text) == (8, 4, 11)


def test_something_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="no version of MySQL"):
        version.parse("mysql")


@pytest.mark.parametrize(("text", "fine"), [("8.0.31", False), ("8.0.32", True), ("8.4.0", True), ("9.7.4-2", True), ("11.8.2-MariaDB", False)])
def test_what_can_be_managed(text: str, fine: bool) -> None:
    assert (version.refusal(text) is None) == fine


@pytest.mark.parametrize(
    ("donor", "recipient", "fine"),
    [
        ("8.0.36", "8.0.36", True),
        ("8.0.36", "8.0.37", False),
        ("8.0.37", "8.0.46", True),
        ("8.0.46", "8.0.37-0ubuntu1", True),
        ("8.4.0", "8.4.11", True),
        ("8.0.46", "8.4.11", False),
        ("9.7.4-2", "9.7.5", True),
    ],
)
def test_clone_between(donor: str, recipient: str, fine: bool) -> None:
    assert (version.clone_refusal(donor, recipient) is None) == fine


@given(NUMBER, NUMBER, NUMBER, NUMBER)
def test_a_standby_is_never_of_an_older_series(a: int, b: int, c: int, d: int) -> None:
    older = (c, d) < (a, b)
    assert (version.replication_refusal(f"{a}.{b}.5", f"{c}.{d}.1") is not None) == older
