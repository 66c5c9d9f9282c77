# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sums with GTID sets where no server runs that could be asked. Tags of 9.x included."""

from __future__ import annotations

import typing as t

# (uuid, tag) -> spans, sorted, apart from each other; both ends belong to a span.
Spans = list[tuple[int, int]]
Parsed = dict[tuple[str, str], Spans]


def merged(spans: t.Iterable[tuple[int, int]]) -> Spans:
    """Sorted, and joined where they touch."""
    found: Spans = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def parse(text: str) -> Parsed:
    """uuid:1-3:5:tag:7,uuid:…: a tag counts until the next one."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for part in "".join(text.lower().split()).split(","):
        uuid, *words = part.split(":")
        tag = ""
        for word in words:
            if word[:1].isdigit():
                first, _mark, last = word.partition("-")
                found.setdefault((uuid, tag), []).append((int(first), int(last or first)))
            else:
                tag = word
    return {name: merged(spans) for name, spans in found.items()}


def without(spans: Spans, others: Spans) -> Spans:
    """What the first holds and the second does not."""
    found: Spans = []
    for begin, last in spans:
        first = begin
        for start, end in others:
            if end < first or start > last:
                continue
            if start > first:
                found.append((first, start - 1))
            first = end + 1
        if first <= last:
            found.append((first, last))
    return found


def text_of(parsed: Parsed) -> str:
    """As the server writes it: sorted, each uuid once."""
    found: dict[str, str] = {}
    for (uuid, tag), spans in sorted(parsed.items()):
        if spans:
            found[uuid] = found.get(uuid, uuid) + (f":{tag}" if tag else "") + "".join(f":{a}" if a == b else f":{a}-{b}" for a, b in spans)
    return ",".join(found.values())


class Sums(t.Protocol):
    """What can be asked about GTID sets."""

    def subtract(self, left: str, right: str) -> str:
        """What left holds and right does not."""

    def union(self, *sets: str) -> str:
        """All of them."""


class Gtids:
    """What a session answers about them, without a server."""

    def subtract(self, left: str, right: str) -> str:
        """What left holds and right does not."""
        others = parse(right)
        return text_of({name: without(spans, others.get(name, [])) for name, spans in parse(left).items()})

    def union(self, *sets: str) -> str:
        """All of them."""
        return text_of(parse(",".join(one for one in sets if one)))
