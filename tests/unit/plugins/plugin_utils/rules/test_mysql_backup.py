# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of role mysql_backup: a pair without backups says so, and the last good copy stays."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import CONTROLLER, SITE, Host, PlainVariables, Site
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import roles as preflight
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules import mysql_backup
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules.model import Place

OURS = {"mysql": ["db1", "db2"], "minio": ["store1"]}
NOWHERE = {**OURS, "minio": []}


def place(groups: dict[str, list[str]], files: dict[str, bytes] | None = None, installing: bool = False, **given: Any) -> Place:
    return Place(Host("db1", frozenset(["mysql"]), PlainVariables(given)), groups, (files or {}).get, installing)


def test_nowhere_to_put_them() -> None:
    (finding,) = mysql_backup.missing(place(NOWHERE))
    assert (finding.host, finding.variable) == (SITE, mysql_backup.REPOSITORY)
    assert "mysql_backup_accept_none: true" in finding.remedy


@pytest.mark.parametrize(
    "given", [{mysql_backup.REPOSITORY: "sftp:keep@elsewhere:/srv/mysql"}, {mysql_backup.NONE: True}, {mysql_backup.NONE: "true"}, {mysql_backup.NONE: "yes"}]
)
def test_somewhere_or_knowingly_nowhere(given: dict[str, Any]) -> None:
    assert not list(mysql_backup.missing(place(NOWHERE, **given)))


@pytest.mark.parametrize("given", [{mysql_backup.NONE: False}, {mysql_backup.NONE: "no"}, {mysql_backup.REPOSITORY: ""}])
def test_nowhere_in_other_words(given: dict[str, Any]) -> None:
    assert list(mysql_backup.missing(place(NOWHERE, **given)))


def test_the_sites_own_store() -> None:
    assert not list(mysql_backup.missing(place(OURS)))
    (finding,) = mysql_backup.missing(place(OURS, **{mysql_backup.REPOSITORY: ""}))  # set to nothing
    assert finding.value == "empty"


def test_preflight_asks_each_host_of_the_pair_and_nobody_of_an_external_database() -> None:
    hosts = {name: Host(name, frozenset(["mysql"]), PlainVariables({"mysql_primary": "db1"})) for name in ("db1", "db2")}
    found = [one for one in preflight.roles(Site(hosts, Host(CONTROLLER), NOWHERE)) if one.variable == mysql_backup.REPOSITORY]
    assert len(found) == 2 and len(set(found)) == 1  # one line of the report
    assert not [one for one in preflight.roles(Site({}, Host(CONTROLLER), {**NOWHERE, "mysql": []})) if one.variable == mysql_backup.REPOSITORY]


@pytest.mark.parametrize(
    ("path", "there", "installing", "refused"),
    [("/ca", False, True, True), ("/ca", True, True, False), ("/ca", False, False, False), ("", False, True, False)],
)
def test_the_ca_of_the_repository(path: str, there: bool, installing: bool, refused: bool) -> None:
    found = list(mysql_backup.ca_file(place(OURS, {"/ca": b"x"} if there else {}, installing, mysql_backup_ca_file=path)))
    assert [one.remedy for one in found] == (["ansible-playbook onprem.wandb.certificates -i <inventory>"] if refused else [])


@pytest.mark.parametrize("variable", mysql_backup.LEAST)
@pytest.mark.parametrize(("value", "refused"), [(1, False), (7, False), ("7", False), ("x", False), (None, False), (0, True), ("0", True), (-1, True)])
def test_the_least_that_is_kept(variable: str, value: Any, refused: bool) -> None:
    found = list(mysql_backup.least(place(OURS, **{variable: value})))
    assert [(one.host, one.variable, one.value) for one in found] == ([("db1", variable, str(value))] if refused else [])


def test_half_a_day_is_too_little() -> None:
    assert list(mysql_backup.least(place(OURS, mysql_backup_retention_days=0.5)))
    assert not list(mysql_backup.least(place(OURS, mysql_backup_retention_days=1.5)))
