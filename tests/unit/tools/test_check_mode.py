"""What the test of --check compares, and that it knows every playbook."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "check_mode"))

from cases import CASES, imported, one_line, playbooks
from snapshot import differences, of_controller

UNIT, TIMER = "unit mysql-backup@ship.service", "timer of mysql-backup@ship.service"
AT = {f"db1: {UNIT}": "start aa", f"db1: {TIMER}": "10:00", "db1: /etc/x": "file 0644 0:0"}


def test_each_playbook_has_its_case() -> None:
    """A new playbook is named in tests/check_mode/cases.py, with its arguments and the words that it must say."""
    assert playbooks() == sorted(CASES)


def test_the_site_is_all_layers() -> None:
    assert {"preflight", "mysql", "wandb", "verify"} < imported("site")
    assert not imported("mysql")


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({}, []),
        ({"db1: /etc/x": "file 0600 0:0"}, ["db1: /etc/x: file 0644 0:0 -> file 0600 0:0"]),
        ({"db1: /run/new": "there"}, ["db1: /run/new: (not there) -> there"]),
        ({f"db1: {UNIT}": "start bb"}, [f"db1: {UNIT}: start aa -> start bb"]),
        ({f"db1: {UNIT}": "start bb", f"db1: {TIMER}": "10:01"}, []),  # its timer did it
        ({f"db1: {UNIT}": "start bb", f"db2: {TIMER}": "10:01"}, [f"db1: {UNIT}: start aa -> start bb"]),  # the timer of another host did not
    ],
)
def test_differences(after: dict[str, str], expected: list[str]) -> None:
    assert differences(AT, {**AT, **after}) == expected
    assert differences({**AT, "db1: /etc/gone": "there"}, AT) == ["db1: /etc/gone: there -> (not there)"]


def test_a_file_that_is_written_again_with_the_same_bytes_has_changed(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "secret"
    path.write_text("x")
    before = of_controller(tmp_path)
    assert differences(before, of_controller(tmp_path)) == []
    beside = tmp_path.parent / "beside"
    beside.write_text("x")
    os.replace(beside, path)
    assert [line.split(": ")[1] for line in differences(before, of_controller(tmp_path))] == [str(path)]


def test_a_sentence_that_is_broken_at_the_end_of_a_line_is_found() -> None:
    assert one_line("refused: the\n    old  primary\n") == "refused: the old primary "
