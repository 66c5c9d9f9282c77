# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module host_state: several states in one call, with the result, difference and failure of each."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.onprem.wandb.plugins.modules import host_state

SECRET = "s3cretOfTheSite"


def call(capsys: pytest.CaptureFixture[str], states: list[dict[str, t.Any]], **args: t.Any) -> dict[str, t.Any]:
    with patch_module_args({"states": states, **args}), pytest.raises(SystemExit):
        host_state.main()
    return json.loads(capsys.readouterr().out)


@pytest.fixture(name="states")
def fixture_states(tmp_path: pathlib.Path) -> list[dict[str, t.Any]]:
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n")
    files = [
        {"path": str(tmp_path / "conf"), "content": "one\n", "mode": "0644"},
        {"path": str(tmp_path / "key"), "secret_content": SECRET, "mode": "0600"},
    ]
    return [
        {"files": files},
        {"link": {"path": str(tmp_path / "link"), "target": "conf"}},
        {"block": {"path": str(tmp_path / "hosts"), "block": "198.18.0.1 a"}},
        {"derived": {"path": str(tmp_path / "made"), "sources": [str(tmp_path / "conf")], "command": ["cp", str(tmp_path / "conf"), str(tmp_path / "made")]}},
        {"packages": []},
        {"unit": {"name": []}},
    ]


def test_life(capsys: pytest.CaptureFixture[str], states: list[dict[str, t.Any]], tmp_path: pathlib.Path) -> None:
    """Check, run, check again, run again; then only what was touched."""
    foretold = call(capsys, states, _ansible_check_mode=True, _ansible_diff=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hosts"]
    done = call(capsys, states, _ansible_diff=True)
    assert foretold["diff"] == done["diff"]
    assert done["changed"] and [state["changed"] for state in done["states"]] == [True] * 4
    assert [pathlib.PurePath(path).name for path in done["changed_paths"]] == ["conf", "key", "link", "hosts"]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    for check in (True, False):
        again = call(capsys, states, _ansible_check_mode=check, _ansible_diff=True)
        assert (again["changed"], again["changed_paths"], again["diff"]) == (False, [], [])
    states[0]["files"][0]["content"] = "two\n"
    foretold = call(capsys, states, _ansible_check_mode=True)
    assert [state["kind"] for state in foretold["states"] if state["changed"]] == ["files", "derived"], "what is made of a file that would change is told, too"
    call(capsys, states)
    assert (tmp_path / "made").read_text() == "two\n"


def test_difference(capsys: pytest.CaptureFixture[str], states: list[dict[str, t.Any]], tmp_path: pathlib.Path) -> None:
    """One entry for each thing; no secret among them; none without --diff."""
    result = call(capsys, states, _ansible_check_mode=True, _ansible_diff=True)
    assert [entry.get("after_header", "").rsplit("/", 1)[-1] or entry["prepared"] for entry in result["diff"]] == [
        "conf",
        "key",
        f"link {tmp_path}/link\n",
        "hosts",
        f"make {tmp_path}/made: {tmp_path}/made is not there\n",
    ]
    assert SECRET not in json.dumps(result["diff"])
    assert "diff" not in call(capsys, states)


def test_a_failure_says_which_state_and_what_is_done(capsys: pytest.CaptureFixture[str], states: list[dict[str, t.Any]], tmp_path: pathlib.Path) -> None:
    (tmp_path / "link").write_text("")
    result = call(capsys, states)
    assert result["failed"] and result["msg"].startswith(f"State 2, link: {tmp_path}/link exists and is no link; expected a link to conf.")
    assert result["changed"], "the files before are written"
    assert [state["kind"] for state in result["states"]] == ["files"]


@pytest.mark.parametrize("state", [{}, {"packages": ["a"], "files": []}, {"unit": {}}, {"nonsense": 1}])
def test_one_kind_each(capsys: pytest.CaptureFixture[str], state: dict[str, t.Any]) -> None:
    assert call(capsys, [state])["failed"]
