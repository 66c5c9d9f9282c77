"""Sets of numbers as spans, against Python's own sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ledger.spans import Spans

NUMBERS = st.sets(st.integers(1, 60))


def numbers(spans: Spans) -> set[int]:
    return {number for first, last in spans for number in range(first, last + 1)}


@given(st.lists(st.integers(1, 60)))
def test_adding_in_any_order_gives_the_set(given_numbers: list[int]) -> None:
    spans = Spans.of(given_numbers)
    assert numbers(spans) == set(given_numbers)
    assert len(spans) == len(set(given_numbers))
    assert all(after - before > 1 for before, after in zip(spans.lasts, spans.firsts[1:])), "spans that touch are one"


@given(NUMBERS, NUMBERS)
def test_difference(left: set[int], right: set[int]) -> None:
    assert numbers(Spans.of(left).minus(Spans.of(right))) == left - right


@given(NUMBERS, st.integers(0, 70))
def test_membership_and_upper_end(held: set[int], most: int) -> None:
    assert (most in Spans.of(held)) == (most in held)
    assert numbers(Spans.of(held).upto(most)) == {number for number in held if number <= most}


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9))))
def test_whole_spans(given_spans: list[tuple[int, int]]) -> None:
    spans, expected = Spans(), set()
    for first, more in given_spans:
        spans.add_span(first, first + more)
        expected |= set(range(first, first + more + 1))
    assert numbers(spans) == expected


def test_what_people_read() -> None:
    assert Spans.of([1, 2, 3, 7]).shown() == "1-3, 7"
    assert Spans.of(range(1, 20, 2)).shown(2) == "1, 3 and 8 more spans"
