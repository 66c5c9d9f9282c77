# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the comparison of a recording finds, and what it takes for the same."""

from __future__ import annotations

import copy
import json
import pathlib
import typing as t

import pytest

from . import recording

KEPT: dict[str, t.Any] = {
    "changed": False,
    "probes": [{"name": "connect", "verdict": "pass", "evidence": {"address": "127.0.0.1:10000"}, "milliseconds": 1.0, "remedy": ""}],
    "looked_at": "2026-11-26T02:30:00Z",
    "gtid_executed": "aaaaaaaa-0000-0000-0000-000000000001:1-42",
    "version": "7.0.15",
    "age": None,
}


def found(change: t.Callable[[dict[str, t.Any]], t.Any]) -> list[str]:
    result = copy.deepcopy(KEPT)
    change(result)
    return recording.differences(KEPT, result)


SAME: dict[str, t.Callable[[dict[str, t.Any]], t.Any]] = {
    "nothing": lambda result: None,
    "another port": lambda result: result["probes"][0]["evidence"].update(address="127.0.0.1:40111"),
    "another moment": lambda result: result.update(looked_at="2027-01-01T00:00:01Z"),
    "other transactions": lambda result: result.update(gtid_executed="aaaaaaaa-0000-0000-0000-000000000001:1-4711"),
    "another duration": lambda result: result["probes"][0].update(milliseconds=17),
    "another build": lambda result: result.update(version="7.2.4"),
    "the arguments of the call": lambda result: result.update(invocation={"module_args": {"password": "x"}}),
}
OTHER: dict[str, tuple[t.Callable[[dict[str, t.Any]], t.Any], str]] = {
    "a new key": (lambda result: result["probes"][0].update(note=""), "probes[0] has 'note', which is not recorded"),
    "a key that is gone": (lambda result: result["probes"][0].pop("remedy"), "probes[0] lacks 'remedy', which is recorded"),
    "another verdict": (lambda result: result["probes"][0].update(verdict="fail"), "probes[0].verdict is 'fail', recorded is 'pass'"),
    "one probe more": (lambda result: result["probes"].append({}), "probes has 2 entries, recorded are 1"),
    "a text instead of a number": (lambda result: result["probes"][0].update(milliseconds="1"), "probes[0].milliseconds is '1', recorded is 1.0"),
    "a number instead of a truth": (lambda result: result.update(changed=0), "changed is 0, recorded is False"),
    "a number instead of nothing": (lambda result: result.update(age=1), "age is 1, recorded is None"),
    "a mapping instead of a text": (lambda result: result.update(version={}), "version is {}, recorded is '7.0.15'"),
    "another server": (lambda result: result.update(gtid_executed="bbbbbbbb-0000-0000-0000-000000000001:1-42"), "gtid_executed is 'bbbbbbbb-"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_is_the_same(name: str) -> None:
    assert found(SAME[name]) == []


@pytest.mark.parametrize("name", OTHER)
def test_what_is_another_result(name: str) -> None:
    change, said = OTHER[name]
    (wrong,) = found(change)
    assert wrong.startswith(said)


def test_what_says_the_same_is_not_written_again(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "HERE", tmp_path)
    recording.write("a", {**KEPT, "looked_at": "2027-01-01T00:00:01Z", "invocation": {}})
    written = (tmp_path / "a.json").read_text()
    assert json.loads(written) == KEPT
    recording.write("a", {**KEPT, "probes": [{**KEPT["probes"][0], "milliseconds": 3}]})
    assert (tmp_path / "a.json").read_text() == written
    recording.write("a", {**KEPT, "changed": True})
    assert json.loads((tmp_path / "a.json").read_text())["changed"] is True


def test_a_test_changes_only_what_the_producer_writes() -> None:
    assert recording.changed({"a": {"b": 1, "c": 2}, "d": None}, {"a": {"b": 3}, "d": {"e": 1}}) == {"a": {"b": 3, "c": 2}, "d": {"e": 1}}
    with pytest.raises(AssertionError, match="last_success: no producer writes that; it writes b, c"):
        recording.changed({"a": {"b": 1, "c": 2}}, {"a": {"last_success": "now"}})


def test_the_shape_is_every_key_with_its_type() -> None:
    assert recording.shape({"a": [{"b": 1}, {"c": 2}], "d": {}, "e": [], "f": True, "g": None}) == {
        "a[].b": "number",
        "d": "dict",
        "e": "list",
        "f": "bool",
        "g": "NoneType",
    }


def test_no_recording_holds_a_secret_or_what_differs_in_each_run() -> None:
    assert recording.NAMES
    for name in recording.NAMES:
        text = (recording.HERE / f"{name}.json").read_text(encoding="utf-8")
        assert recording.prepared(json.loads(text)) == json.loads(text), name
        assert not [word for word in ("Test1234", "Test5678", "Test9012", "storagerootpassword", "/tmp/pytest") if word in text], name
