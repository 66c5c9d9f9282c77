# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The MySQL pair of a running lab."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from ledger import pair as pairs


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", default=os.environ.get("LAB_STATE", ".lab"), help="state directory of the running lab, such as .lab or .lab-x")


@pytest.fixture
def pair(request: pytest.FixtureRequest) -> pairs.Pair:
    return pairs.find((pairs.TOP / request.config.getoption("--lab")).resolve())
