# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Option --record: write what the producers return instead of comparing it."""

from __future__ import annotations

import pathlib
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [*(str(TOP / "tests" / name) for name in ("recorded", "storage", "redis_certificates")), str(TOP / ".lab/collections")]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="write the recordings of tests/unit/recorded")
