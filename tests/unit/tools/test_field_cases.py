# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The list of field cases is whole, and every test that it names is there."""

from __future__ import annotations

import ast
import functools
import pathlib
from typing import Any

import pytest
import yaml

TOP = pathlib.Path(__file__).parents[3]
CASES: dict[str, dict[str, Any]] = yaml.safe_load((TOP / "tests/field_cases.yml").read_text(encoding="utf-8"))
# The numbers were given once. Those that are left out here were given to what turned out to be no case.
NUMBERS = [*range(1, 26), 28, 29, 31, *range(33, 39), 40, 42, 44, 45, 46, 48, 49, 52, 54, 56, *range(60, 73)]


@functools.cache
def names_in(path: pathlib.Path) -> frozenset[str]:
    """What a test file defines; nothing when there is none."""
    if not path.is_file():
        return frozenset()
    body = ast.parse(path.read_text(encoding="utf-8")).body
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    values = [name.id for node in body if isinstance(node, ast.Assign) for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return frozenset([*functions, *values])


def lost(tests: list[str], top: pathlib.Path = TOP) -> list[str]:
    """Those that are not where they are said to be."""
    return [test for test in tests if test.partition("::")[2] not in names_in(top / test.partition("::")[0])]


def faults(case: dict[str, Any]) -> list[str]:
    """What is wrong with one entry."""
    if not case.get("case"):
        return ["does not say what it is"]
    if "open" in case:
        return [] if set(case) == {"case", "open"} and case["open"] else ["is open and says why, and nothing else"]
    if set(case) != {"case", "good", "tests"} or case["good"] not in ("works", "refused") or not case["tests"]:
        return ["ends as a test: good is works or refused, tests names at least one"]
    return ["names a test that is not there: %s" % test for test in lost(case["tests"])]


def test_every_case_is_listed_once_and_in_order() -> None:
    assert list(CASES) == ["FC-%02d" % number for number in NUMBERS]


@pytest.mark.parametrize("name", CASES)
def test_a_case_ends_as_a_test_or_says_why_not(name: str) -> None:
    assert not faults(CASES[name])


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({}, "what it is"),
        ({"case": "x", "open": ""}, "says why"),
        ({"case": "x", "open": "y", "tests": ["z"]}, "nothing else"),
        ({"case": "x", "good": "works", "tests": []}, "at least one"),
        ({"case": "x", "good": "perhaps", "tests": ["z"]}, "works or refused"),
        ({"case": "x", "good": "works", "tests": ["tests/unit/tools/test_field_cases.py::test_nosuch"]}, "test_nosuch"),
        ({"case": "x", "good": "works", "tests": ["tests/nosuch.py::test_a"]}, "tests/nosuch.py"),
        ({"case": "x", "good": "works", "tests": ["tests/unit/tools/test_field_cases.py"]}, "not there"),
    ],
)
def test_a_bad_entry_is_named(case: dict[str, Any], words: str) -> None:
    assert words in faults(case)[0]
