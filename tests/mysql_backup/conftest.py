# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pair with backups on lab hosts."""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from backup_site import TOP, Site

SITE = ("certificates", "hosts", "mysql", "minio", "backups")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", default=os.environ.get("LAB_STATE", ".lab"), help="state directory of the running lab, such as .lab or .lab-x")


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A whole pair with backups."""
    found = Site((TOP / request.config.getoption("--lab")).resolve())
    found.play(*SITE)
    found.fill(found.primary(), 20)
    yield found
