# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which settings of a site are refused, in preflight and in the role alike."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import settings

ROLE = pathlib.Path(__file__).resolve().parents[5] / "roles/mysql"
DATA = dict(settings.FIXED)


def refused(declared: t.Any, of_data: t.Optional[dict[str, str]] = None) -> list[str]:
    """The names."""
    return [one.name for one in settings.problems(declared, of_data)]


RESERVED = ["sort-buffer-size", "sort_buffer_size", "sync-binlog", "SYNC-BINLOG", "loose_sync_binlog", "super_read_only", "super-read-only", "gtid-mode"]


@pytest.mark.parametrize("name", [*RESERVED, "datadir", "skip-log-bin", "log-slave-updates"])
def test_a_reserved_name_is_refused_in_any_spelling(name: str) -> None:
    (found,) = settings.problems({name: 1})
    assert found.name == name
    assert f"must not set {settings.fold(name)}: " in found.sentence
    assert "Next: set mysql_settings without " in found.sentence


def test_the_role_asks_the_same_function() -> None:
    own = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))
    assert "mysql_settings | onprem.wandb.mysql_settings_problems(" in own["__mysql_refused_settings"]
    tasks = yaml.safe_load((ROLE / "tasks/main.yml").read_text(encoding="utf-8"))
    asserts = next(one["ansible.builtin.assert"] for one in tasks if "ansible.builtin.assert" in one)
    assert "__mysql_refused_settings" in asserts["that"]
    assert [len(settings.problems({"sync_binlog": 0, "gtid_mode": "OFF"}))] == [2]


@pytest.mark.parametrize("zone", ["SYSTEM", "system", "+00:00", "-03:30", "+14:00"])
def test_time_zones_that_need_no_table(zone: str) -> None:
    assert refused({"default_time_zone": zone}) == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "+1", "", None])
@pytest.mark.parametrize("name", ["default_time_zone", "default-time-zone"])
def test_a_named_time_zone_stops_a_new_server(name: str, zone: t.Any) -> None:
    """FC-46."""
    (found,) = settings.problems({name: zone})
    assert "named zone needs the time zone tables" in found.sentence
    assert "+00:00" in found.expected


@pytest.mark.parametrize(
    ("declared", "of_data", "names"),
    [
        ({"lower_case_table_names": 1}, None, []),
        ({"lower_case_table_names": 1}, {}, []),
        ({"lower_case_table_names": 1}, DATA, ["lower_case_table_names"]),
        ({"lower-case-table-names": 1}, DATA, ["lower-case-table-names"]),
        ({"lower_case_table_names": 1}, {**DATA, "lower_case_table_names": "1"}, []),
        ({}, {**DATA, "lower_case_table_names": "1"}, ["lower_case_table_names"]),  # taken out
        ({"innodb_page_size": "16K"}, DATA, []),
        ({"innodb_page_size": "32k"}, DATA, ["innodb_page_size"]),
        ({"innodb_data_file_path": "ibdata1:1G:autoextend"}, DATA, ["innodb_data_file_path"]),
        ({"innodb_data_file_path": "ibdata1:12M:autoextend"}, DATA, []),
        ({"innodb_undo_directory": "/srv/undo"}, DATA, ["innodb_undo_directory"]),
        ({"innodb_undo_directory": "/srv/undo/"}, {**DATA, "innodb_undo_directory": "/srv/undo"}, []),
        ({"long_query_time": 1, "max-allowed-packet": "64M"}, DATA, []),
    ],
)
def test_what_the_data_were_made_with_stays(declared: t.Any, of_data: t.Any, names: list[str]) -> None:
    assert refused(declared, of_data) == names


def test_the_refusal_says_the_value_of_the_data_and_what_to_write() -> None:
    (found,) = settings.problems({}, {**DATA, "lower_case_table_names": "1"})
    assert "makes lower_case_table_names 0; expected 1: the data that are there were made with it" in found.sentence
    assert "Next: set mysql_settings: {lower_case_table_names: 1}." in found.sentence


@pytest.mark.parametrize("declared", [None, "", [], 1])
def test_what_is_no_dictionary_is_the_business_of_the_types(declared: t.Any) -> None:
    assert refused(declared, DATA) == []


def test_the_roles_own_lists_are_the_reserved_ones() -> None:
    own = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))
    assert set(own["__mysql_validated"]) == set(settings.VALIDATED)
    assert {name: str(value) for name, value in own["__mysql_validated"].items()} == {name: str(value) for name, value in settings.VALIDATED.items()}
    for group in ("__mysql_replication", "__mysql_acknowledgement"):
        assert set(own[group]) <= set(settings.REPLICATION)


def my_cnf(tmp_path: pathlib.Path, more: str = "", data: bool = True) -> str:
    """What the role wrote, with or without data."""
    (tmp_path / "data").mkdir()
    if data:
        (tmp_path / "data/mysql.ibd").write_text("x", encoding="utf-8")
    (tmp_path / "my.cnf").write_text(f"# a = b\n[mysqld]\ndatadir = {tmp_path}/data\n{more}\n[client]\nsocket = /run/x\n", encoding="utf-8")
    return str(tmp_path / "my.cnf")


def test_data_and_what_they_were_made_with(tmp_path: pathlib.Path) -> None:
    found = settings.settings_of_data(my_cnf(tmp_path, "lower-case-table-names = 1\ninnodb_page_size=32k"))
    assert found == {**DATA, "lower_case_table_names": "1", "innodb_page_size": "32k"}


def test_a_host_without_data(tmp_path: pathlib.Path) -> None:
    assert settings.settings_of_data(str(tmp_path / "none.cnf")) == {}
    assert settings.settings_of_data(my_cnf(tmp_path, data=False)) == {}
