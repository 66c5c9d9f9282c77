"""The ledger's verdicts: each loss, doubling and split brain made on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger import judge
from ledger.book import ACK, ERROR, FAILED, UNKNOWN, Event, Pen, Reader
from ledger.look import Holding
from ledger.spans import Spans

OLD, NEW = "uuid-old", "uuid-new"
NAMES = {OLD: "db1", NEW: "db2"}


def ack(number: int, done: float, server: str = OLD, writer: str = "writer-1", sent: float | None = None) -> Event:
    return Event(ACK, number, done - 0.01 if sent is None else sent, done, 0.0, server, "", writer)


def other(what: str, number: int, done: float, error: str = "reconnect:2013:commit") -> Event:
    return Event(what, number, done - 0.01, done, 0.0, OLD, error, "writer-1")


def book(*events: Event) -> judge.Book:
    made = judge.Book()
    made.take(events)
    return made


def held(*numbers: int) -> Holding:
    return Holding("db2", {1: Spans.of(numbers)})


def test_all_there() -> None:
    verdict = judge.compare(book(ack(1, 1), ack(2, 2)), held(1, 2))
    assert verdict.good and (verdict.rows, verdict.lost) == (2, 0)


def test_an_acknowledged_number_is_missing() -> None:
    verdict = judge.compare(book(ack(1, 1), ack(2, 2), ack(3, 3)), held(1, 3))
    assert verdict.lost == 1 and "writer 1: 1 acknowledged transactions are lost: 2" in verdict.problems[0]


def test_a_writer_is_missing_altogether() -> None:
    verdict = judge.compare(book(ack(1, 1), ack(1, 1, writer="writer-2")), held(1))
    assert verdict.lost == 1


def test_twice_and_half() -> None:
    found = held(1)
    found.twice, found.torn = ["writer 1 number 1: 2 times"], ["writer 1: total says last 2"]
    verdict = judge.compare(book(ack(1, 1)), found)
    assert verdict.doubled == 1 and len(verdict.problems) == 2


@pytest.mark.parametrize("numbers", [(1,), (1, 2)])
def test_an_unknown_outcome_may_be_there_or_not(numbers: tuple[int, ...]) -> None:
    assert judge.compare(book(ack(1, 1), other(UNKNOWN, 2, 2)), held(*numbers)).good


def test_a_refused_number_must_not_be_there() -> None:
    verdict = judge.compare(book(ack(1, 1), other(FAILED, 2, 2, "read-only:1290:statement")), held(1, 2))
    assert verdict.phantoms == 1 and not verdict.good


def test_a_number_under_way_is_no_phantom() -> None:
    assert judge.compare(book(ack(1, 1)), held(1, 2)).good


def test_errors_are_counted_by_kind() -> None:
    made = book(other(ERROR, 0, 1, "reconnect:2003:connect"), other(FAILED, 1, 2, "read-only:1290:statement"), other(FAILED, 2, 3, "other:1205:statement"))
    assert [made.count(kind) for kind in ("reconnect", "read-only", "other")] == [1, 1, 1]


def test_a_failover_in_order() -> None:
    assert judge.split_brain([ack(1, 1.0), ack(2, 5.0, NEW)], judge.Change(OLD, 2.0), NAMES) == []


def test_the_old_primary_acknowledges_after_the_new_one() -> None:
    found = judge.split_brain([ack(1, 1.0), ack(2, 5.0, NEW), ack(9, 5.5, writer="probe-db1")], judge.Change(OLD, 2.0), NAMES)
    assert len(found) == 1 and "probe-db1 number 9: acknowledged by the old primary db1 0.500 s after the first of db2" in found[0]


def test_the_old_primary_acknowledges_after_the_failover_began() -> None:
    found = judge.split_brain([ack(1, 3.0), ack(2, 5.0, NEW)], judge.Change(OLD, 2.0), NAMES)
    assert len(found) == 1 and "after the failover began" in found[0]


def test_what_was_sent_before_the_failover_may_be_acknowledged_while_it_begins() -> None:
    assert judge.split_brain([ack(1, 2.1, sent=1.9), ack(2, 5.0, NEW)], judge.Change(OLD, 2.0), NAMES) == []


def test_in_a_switchover_the_old_primary_goes_on_until_it_is_fenced() -> None:
    events = [ack(1, 3.0), ack(2, 5.0, NEW)]
    assert judge.split_brain(events, judge.Change(OLD, 2.0, failover=False), NAMES) == []
    assert judge.split_brain([*events, ack(3, 5.2)], judge.Change(OLD, 2.0, failover=False), NAMES)


def test_two_new_primaries() -> None:
    found = judge.split_brain([ack(1, 1.0), ack(2, 5.0, NEW), ack(3, 6.0, "uuid-third")], judge.Change(OLD, 2.0), NAMES)
    assert any("2 servers besides the old primary" in text for text in found)


def test_without_a_change_one_server_acknowledges() -> None:
    assert judge.split_brain([ack(1, 1.0), ack(2, 2.0)], None, NAMES) == []
    assert judge.split_brain([ack(1, 1.0), ack(2, 2.0, NEW)], None, NAMES)


def test_many_late_acknowledgements_are_all_counted() -> None:
    events = [ack(1, 1.0), ack(2, 2.0, NEW), *[ack(number, 2.0 + number / 10) for number in range(3, 30)]]
    found = judge.split_brain(events, judge.Change(OLD, 1.5, failover=False), NAMES)
    assert found[-1] == "and 17 more acknowledgements of db1 after the first of db2"


def test_at_risk_is_what_the_last_two_seconds_acknowledged() -> None:
    assert judge.at_risk([ack(1, 7.9), ack(2, 8.0), ack(3, 9.9), ack(4, 10.1), other(UNKNOWN, 5, 9.9)], 10.0) == 2


def test_gap_counts_the_ends() -> None:
    events = [ack(1, 1.0), ack(2, 1.5), ack(3, 4.5, NEW), ack(4, 4.6, NEW)]
    assert judge.longest_gap(events, 1.0, 5.0) == (3.0, 1.5)
    assert judge.longest_gap(events, 1.0, 9.0)[0] == pytest.approx(4.4)
    assert judge.longest_gap([], 1.0, 9.0) == (8.0, 1.0)


def test_first_write_is_one_that_was_sent_afterwards_to_another_server() -> None:
    events = [ack(1, 5.0, NEW, sent=1.0), ack(2, 6.0), ack(3, 7.0, NEW)]
    first = judge.first_after(events, 2.0, OLD)
    assert first and first.number == 3
    assert judge.first_after(events, 9.0, OLD) is None


def test_spread() -> None:
    assert judge.spread([]) == {"count": 0}
    assert judge.spread([float(number) for number in range(1, 101)]) == {"count": 100, "min": 1.0, "median": 50.5, "p95": 95.0, "max": 100.0}
    assert judge.spread([3.0, 1.0])["p95"] == 3.0


def test_files_are_read_as_they_grow(tmp_path: Path) -> None:
    pen, reader = Pen(tmp_path / "writer-3"), Reader(tmp_path, "writer-*")
    pen.write(ACK, 1, 5.0, OLD)
    pen.write(ERROR, 0, 6.0, "", "reconnect:2003:connect")
    with (tmp_path / "writer-3").open("a") as torn:
        torn.write("ack 2 5.0 5.1")
    first = reader.new()
    seen = [(event.what, event.number, event.writer, event.error) for event in first]
    assert seen == [(ACK, 1, "writer-3", ""), (ERROR, 0, "writer-3", "reconnect:2003:connect")]
    with (tmp_path / "writer-3").open("a") as rest:
        rest.write(f" 7.0 {OLD}\n")
    assert [event.number for event in reader.new()] == [2]
    assert reader.new() == []
