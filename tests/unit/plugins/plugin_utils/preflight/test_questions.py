# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The arithmetic of clocks, and errors as one line."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight import questions


@pytest.mark.parametrize(("there", "expected"), [("100.5", 0.0), ("105.5", 5.0), ("99.0", -1.5)])
def test_offset_against_the_middle_of_the_question(there, expected):
    assert questions.offset(100.0, 101.0, there + "\n") == {"offset": expected, "uncertainty": 0.5}


def test_a_banner_before_the_answer():
    assert questions.offset(0.0, 0.0, "Welcome!\n7.25\n")["offset"] == 7.25


@pytest.mark.parametrize("stdout", ["", "date: not found", "1.%N"])
def test_no_answer(stdout):
    assert questions.offset(0.0, 1.0, stdout) == {}


def test_why_a_measurement_failed():
    assert questions.why({"msg": "x", "module_stderr": "Traceback\n  File\nModuleNotFoundError: no json\n"}) == "ModuleNotFoundError: no json"
    assert questions.why({"msg": "first\nlast"}) == "last"
    assert questions.why({}) == "the measurement failed"
