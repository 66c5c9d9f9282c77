"""Sets of numbers that are nearly whole: kept as spans, so that a million of them are compared in no time."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Spans:
    """A set of integers as sorted spans (first, last), none touching the next."""

    firsts: list[int] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Spans:
        made = cls()
        for number in numbers:
            made.add(number)
        return made

    def add(self, number: int) -> None:
        """One more; most often the next one."""
        if self.lasts and number == self.lasts[-1] + 1:
            self.lasts[-1] = number
            return
        self.add_span(number, number)

    def add_span(self, first: int, last: int) -> None:
        """All from first to last."""
        left = bisect.bisect_left(self.lasts, first - 1)
        right = bisect.bisect_right(self.firsts, last + 1)
        if left < right:
            first, last = min(first, self.firsts[left]), max(last, self.lasts[right - 1])
        self.firsts[left:right] = [first]
        self.lasts[left:right] = [last]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self.firsts, self.lasts))

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self)

    def __contains__(self, number: int) -> bool:
        place = bisect.bisect_left(self.lasts, number)
        return place < len(self.firsts) and self.firsts[place] <= number

    def minus(self, other: Spans) -> Spans:
        """What is here and not there."""
        left = Spans()
        for first, last in self:
            at = first
            place = bisect.bisect_left(other.lasts, at)
            while at <= last and place < len(other.firsts) and other.firsts[place] <= last:
                if other.firsts[place] > at:
                    left.add_span(at, other.firsts[place] - 1)
                at = max(at, other.lasts[place] + 1)
                place += 1
            if at <= last:
                left.add_span(at, last)
        return left

    def upto(self, most: int) -> Spans:
        """What is not above a number."""
        return self.minus(Spans([most + 1], [self.lasts[-1]])) if self.lasts and self.lasts[-1] > most else self

    def shown(self, most: int = 5) -> str:
        """For people."""
        words = [str(first) if first == last else f"{first}-{last}" for first, last in self]
        return ", ".join(words[:most]) + (f" and {len(words) - most} more spans" if len(words) > most else "")
