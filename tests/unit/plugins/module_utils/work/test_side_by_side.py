# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measurements side by side."""

from __future__ import annotations

import os
import time

from ansible_collections.onprem.wandb.plugins.module_utils import _side_by_side as parallel


def fails():
    raise RuntimeError("first line\nsecond line")


def dies():
    os._exit(3)


def test_answers_come_in_the_order_of_the_jobs():
    assert parallel.run_all([lambda: {"n": 1}, lambda: {"n": 2}, lambda: {"n": 3}]) == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_an_error_is_an_answer():
    assert parallel.run_all([fails, lambda: 1]) == [{"failed": True, "msg": "first line"}, 1]
    assert parallel.run_all([fails]) == [{"failed": True, "msg": "first line"}]


def test_a_process_that_dies_is_an_answer():
    assert parallel.run_all([dies, lambda: 1])[0]["failed"]


def test_no_jobs():
    assert parallel.run_all([]) == []


def test_a_large_answer_does_not_block():
    assert [len(answer) for answer in parallel.run_all([lambda: "x" * 1_000_000] * 3)] == [1_000_000] * 3


def test_they_run_at_the_same_time():
    start = time.monotonic()
    parallel.run_all([lambda: time.sleep(0.3)] * 4)
    assert time.monotonic() - start < 1.0
