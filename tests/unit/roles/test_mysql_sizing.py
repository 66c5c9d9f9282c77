# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes that follow from a host's memory, and the table of README.md that says so."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

TOP = pathlib.Path(__file__).resolve().parents[3]
NAMES = ("mysql_innodb_buffer_pool_size", "mysql_innodb_redo_log_capacity", "mysql_max_connections")
GIB = 1024


def sizes(memory: int) -> tuple[int, int, int]:
    """Pool and redo in MiB, connections, of a host with so many MiB."""
    defaults = yaml.safe_load((TOP / "roles/mysql/defaults/main.yml").read_text(encoding="utf-8"))
    variables = {name: trust_as_template(str(defaults[name])) for name in NAMES}
    templar = Templar(DataLoader(), variables={**variables, "ansible_facts": {"memtotal_mb": memory}})
    pool, redo, connections = (int(templar.template(variables[name])) for name in NAMES)
    return pool >> 20, redo >> 20, connections


@pytest.mark.parametrize("memory", [1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
def test_the_sizes_fit_into_the_host(memory: int) -> None:
    pool, redo, connections = sizes(memory * GIB)
    assert pool % 128 == 0
    assert pool + 1024 + connections * 12 <= memory * GIB or connections == 200
    assert 128 <= redo <= 16384
    assert 200 <= connections <= 2000


def test_the_table_is_what_the_role_does() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) GiB \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", text, re.M)
    assert len(rows) >= 6
    for memory, *shown in rows:
        assert tuple(int(one.replace(",", "")) for one in shown) == sizes(int(memory) * GIB), memory
