# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reads the state of the backups reads it where role mysql_backup writes it, wherever that is."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from .role_value import ROLES, value

PATHS: list[dict[str, t.Any]] = [{}, {"mysql_backup_state_dir": "/srv/backups/mysql"}]
SITE = {"groups": {"mysql": ["db1", "db2"], "all": ["db1", "db2"]}, "site_name": "berlin"}


ELSEWHERE = {"__mysql_data"}  # looks that are about something else: nobody reads what they know of backups


def readers() -> list[tuple[str, dict[str, t.Any]]]:
    """Every call of mysql_replica_info in roles and playbooks whose state of the backups somebody reads: role, arguments."""
    found = []
    for path in sorted([*ROLES.glob("*/tasks/*.yml"), *ROLES.glob("*/vars/main.yml"), *(ROLES.parent / "playbooks").glob("*.yml")]):
        for one in walk(yaml.safe_load(path.read_text())):
            if "onprem.wandb.mysql_replica_info" in one and one.get("register") not in ELSEWHERE:
                found.append((path.parts[-3], one["onprem.wandb.mysql_replica_info"]))
            elif one.get("module") == "onprem.wandb.mysql_replica_info":
                found.append((path.parts[-3], one["args"]))
    return found


def walk(found: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """Every mapping in a document."""
    if isinstance(found, dict):
        yield found
    for inner in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from walk(inner)


def test_there_are_two_readers() -> None:
    assert [role for role, _arguments in readers()] == ["mysql", "verify"]


def test_nobody_reads_the_backups_of_another_look() -> None:
    texts = [path.read_text() for path in ROLES.rglob("*.yml")]
    assert not [name for name in ELSEWHERE for text in texts if f"{name}.backup" in text or f"{name} | onprem.wandb.mysql_report" in text]


@pytest.mark.parametrize("variables", PATHS)
@pytest.mark.parametrize(("role", "arguments"), readers())
def test_the_state_is_read_where_it_is_written(role: str, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> None:
    written = value("mysql_backup", "mysql_backup_state_dir", **SITE, **variables)
    assert value(role, quoted(arguments["backup_status_file"]), **SITE, **variables) == f"{written}/status.json"


def quoted(text: str) -> str:
    """A whole value as one expression."""
    parts = text.replace("{{", "' ~ (").replace("}}", ") ~ '")
    return f"'{parts}'"


@pytest.mark.parametrize(("role", "arguments"), readers())
def test_a_site_that_lives_without_backups_is_asked_for_none(role: str, arguments: dict[str, t.Any]) -> None:
    expression = quoted(arguments["backup_accept_none"])
    assert [str(value(role, expression, **SITE, **more)) for more in ({}, {"mysql_backup_accept_none": True})] == ["False", "True"]


def test_the_program_has_it_under_that_name() -> None:
    assert 'os.path.join(self.state_dir, "status.json")' in (ROLES / "mysql_backup/files/mysql_backup/config.py").read_text()
    assert "'state_dir': mysql_backup_state_dir," in pathlib.Path(ROLES / "mysql_backup/templates/config.json.j2").read_text()
