# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import gtid
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.sets(st.integers(1, 12))
RESEED = st.sampled_from(["never", "if_empty", "allow"])


def text(numbers: t.AbstractSet[int]) -> str:
    return ",".join(f"u:{number}" for number in sorted(numbers))


def compare(standby: set[int], source: set[int], purged: set[int]) -> gtid.Comparison:
    """What GTID_SUBTRACT would say, by Python's sets."""
    missing = source - standby
    return gtid.Comparison(text(standby), text(standby - source), text(missing), text(missing & purged))


@pytest.mark.parametrize(
    ("standby", "source", "purged", "expected"),
    [
        (set(), set(), set(), gtid.IDENTICAL),
        ({1, 2}, {1, 2}, {1}, gtid.IDENTICAL),
        (set(), {1, 2}, set(), gtid.NEW),
        (set(), {1, 2}, {1}, gtid.NEW),
        ({1}, {1, 2, 3}, {1}, gtid.RECOVERABLE),
        ({1}, {1, 2, 3}, {1, 2}, gtid.IRRECOVERABLE),
        ({1, 9}, {1, 2}, set(), gtid.DIVERGED),
        ({9}, set(), set(), gtid.DIVERGED),
    ],
)
def test_classes(standby: set[int], source: set[int], purged: set[int], expected: str) -> None:
    assert compare(standby, source, purged).gtid_state == expected


@given(NUMBERS, NUMBERS, NUMBERS)
def test_every_relation_has_exactly_the_class_it_deserves(standby: set[int], source: set[int], gone: set[int]) -> None:
    purged = gone & source
    state = compare(standby, source, purged).gtid_state
    assert (state == gtid.DIVERGED) == bool(standby - source)
    assert (state == gtid.IDENTICAL) == (standby == source)
    if state == gtid.RECOVERABLE:
        assert standby < source
        assert not (source - standby) & purged
    if state == gtid.NEW:
        assert not standby


@given(NUMBERS, NUMBERS, NUMBERS, RESEED, st.booleans())
def test_a_standby_is_attached_only_when_replication_can_make_it_equal(standby: set[int], source: set[int], gone: set[int], reseed: str, accept: bool) -> None:
    purged = gone & source
    if gtid.action(compare(standby, source, purged).gtid_state, reseed, accept) == gtid.ATTACH:
        assert standby <= source
        assert not (source - standby) & purged


@given(NUMBERS, NUMBERS, NUMBERS, RESEED, st.booleans(), st.booleans())
def test_nothing_is_wiped_without_permission(standby: set[int], source: set[int], gone: set[int], reseed: str, accept: bool, has_data: bool) -> None:
    found = compare(standby, source, gone & source)
    if gtid.action(found.gtid_state, reseed, accept, has_data and not standby) == gtid.CLONE:
        assert reseed != "never"
        assert not standby or reseed == "allow"
        assert not (standby - source) or accept
        assert not (has_data and not standby) or (reseed == "allow" and accept)
