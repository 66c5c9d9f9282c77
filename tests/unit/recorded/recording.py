# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What producers really returned, in files beside this one: tests of their consumers read it, `make recorded` runs the producers again and compares."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

HERE = pathlib.Path(__file__).resolve().parent
NAMES = sorted(path.stem for path in HERE.glob("*.json"))
# What is another text in each run, and what stands in the file instead.
VOLATILE: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d[:-]\d\d[:-]\d\d(?:\.\d+)?(?:Z|\+00:00)?"), "2026-11-26T02:30:00Z"),
    (re.compile(r"\b\d{8}T\d{6}Z"), "20261126T023000Z"),
    (re.compile(r"\b\d+(?:\.\d+)? [KMG]iB"), "1 KiB"),
    (re.compile(r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"), "Thu, 26 Nov 2026 02:30:00 GMT"),
    (re.compile(r"\b[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4} GMT"), "Nov 26 02:30:00 2027 GMT"),
    (re.compile(r"(?<=[0-9a-f]{4}-[0-9a-f]{12})(?::\d+(?:-\d+)?)+"), ":1-42"),  # transactions of a GTID set
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{32,}\b"), "0" * 32),
    (re.compile(r"\b(127\.0\.0\.1|localhost):\d{4,5}\b"), r"\1:10000"),
    (re.compile(r"/(?:tmp|var/tmp)/[\w./-]+"), "/tmp/recorded"),
]
LOOSE = re.compile(r"version|helm|server$|snapshot$|cipher|protocol|milliseconds")  # keys whose text is another with another build of the service


def read(name: str) -> t.Any:
    """What a producer returned."""
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def steady(text: str) -> str:
    """A text without what differs from run to run."""
    for pattern, instead in VOLATILE:
        text = pattern.sub(instead, text)
    return text


def prepared(found: t.Any, key: str = "") -> t.Any:
    """What is written: texts made steady, durations as one number; the arguments of the call are left out."""
    if isinstance(found, dict):
        return {steady(name): prepared(value, name) for name, value in found.items() if name != "invocation"}
    if isinstance(found, list):
        return [prepared(value, key) for value in found]
    if isinstance(found, str):
        return steady(found)
    return 1.0 if key in ("milliseconds", "seconds") and isinstance(found, (int, float)) and not isinstance(found, bool) else found


def changed(found: t.Any, changes: t.Mapping[str, t.Any]) -> t.Any:
    """The same with other values, however deep. A key that the producer does not give is a mistake of the test."""
    unknown = sorted(changes.keys() - found.keys())
    assert not unknown, f"{', '.join(unknown)}: no producer writes that; it writes {', '.join(sorted(found))}"
    return {**found, **{key: changed(found[key], new) if isinstance(new, dict) and found[key] else new for key, new in changes.items()}}


def write(name: str, found: t.Any) -> None:
    """Keep a result; one that says the same leaves the file as it is."""
    path = HERE / f"{name}.json"
    if not path.exists() or differences(read(name), found):
        path.write_text(json.dumps(prepared(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def differences(kept: t.Any, found: t.Any, path: str = "") -> list[str]:
    """Where a result is not of the shape that is kept, or says something else. Numbers are alike when both are numbers: they are measured."""
    kept, found = (prepared(kept), prepared(found)) if not path else (kept, found)
    where = path or "the result"
    if isinstance(kept, dict) and isinstance(found, dict):
        wrong = [f"{where} has {name!r}, which is not recorded" for name in sorted(found.keys() - kept.keys())]
        wrong += [f"{where} lacks {name!r}, which is recorded" for name in sorted(kept.keys() - found.keys())]
        return wrong + [text for name in sorted(kept.keys() & found.keys()) for text in differences(kept[name], found[name], f"{path}.{name}".lstrip("."))]
    if isinstance(kept, list) and isinstance(found, list):
        if len(kept) != len(found):
            return [f"{where} has {len(found)} entries, recorded are {len(kept)}"]
        return [text for number, pair in enumerate(zip(kept, found)) for text in differences(*pair, f"{path}[{number}]")]
    numbers = (int, float)
    if isinstance(kept, bool) or isinstance(found, bool):
        return [] if kept is found else [f"{where} is {found!r}, recorded is {kept!r}"]
    if isinstance(kept, numbers) and isinstance(found, numbers):
        return []
    if isinstance(kept, str) and isinstance(found, str) and LOOSE.search(path.rpartition(".")[2]):
        return []
    return [] if kept == found else [f"{where} is {found!r}, recorded is {kept!r}"]


def shape(found: t.Any, path: str = "") -> dict[str, str]:
    """Every key that a result holds, however deep, with the type of its value; of a list the first entry counts."""
    if isinstance(found, dict):
        return {key: kind for name, value in found.items() for key, kind in shape(value, f"{path}.{name}".lstrip(".")).items()} or {path: "dict"}
    if isinstance(found, list):
        return shape(found[0], f"{path}[]") if found else {path: "list"}
    return {path: "number" if isinstance(found, (int, float)) and not isinstance(found, bool) else type(found).__name__}
