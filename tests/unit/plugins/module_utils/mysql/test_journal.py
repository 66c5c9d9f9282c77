# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done, line by line."""

from __future__ import annotations

import pathlib

from ansible_collections.onprem.wandb.plugins.module_utils._mysql import journal


def test_lines_come_back_by_operation_and_from_the_end(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "deep/journal.jsonl")
    for operation in ("switchover 1", "rejoin 2"):
        book = journal.Journal(path, operation, "primary")
        for number in range(3):
            book.add("statement", f"SET {number}", 0.0012)
    assert [entry["statement"] for entry in journal.read(path, "switchover 1", 2)] == ["SET 1", "SET 2"]
    assert len(journal.read(path)) == 6
    assert journal.read(path, last=0) == []
    assert journal.read(path)[0]["seconds"] == 0.001


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal.Journal(str(path), "x", "primary").add("note", "whole")
    with path.open("a", encoding="utf-8") as stream:
        stream.write('{"at": "2026')
    assert [entry["note"] for entry in journal.read(str(path))] == ["whole"]


def test_it_does_not_grow_without_end(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(f'{{"note": "{number:0100d}"}}\n' for number in range(12000)), encoding="utf-8")
    journal.Journal(str(path), "x", "primary").add("note", "last")
    found = journal.read(str(path), last=100000)
    assert (len(found), found[-1]["note"]) == (6001, "last")


def test_an_empty_path_keeps_none_and_a_missing_file_is_empty(tmp_path: pathlib.Path) -> None:
    journal.Journal("", "x", "primary").add("note", "nowhere")
    assert journal.read(str(tmp_path / "none")) == []
