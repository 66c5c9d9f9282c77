# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab that is looked at."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent)]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", default=os.environ.get("LAB_STATE", ".lab"), help="state directory of a running lab with store1, db1, db2, such as .lab-x")


@pytest.fixture(scope="session")
def state(request: pytest.FixtureRequest) -> pathlib.Path:
    return (pathlib.Path(__file__).resolve().parents[2] / request.config.getoption("--lab")).resolve()
