# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of role mysql. What depends on the role's defaults for the endpoint is in tests/unit/roles/test_mysql_endpoint.py."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import CONTROLLER, Host, PlainVariables, Site, joined
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import evaluate, variables
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules import judge, mysql
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules.model import Place

PAIR = ["db1", "db2"]
SECRET = "/secrets/mysql_app_password"


def place(
    names: list[str] | None = None, files: dict[str, bytes] | None = None, installing: bool = False, measured: dict[str, Any] | None = None, **given: Any
) -> Place:
    variables = PlainVariables({"ansible_host": "192.0.2.3", **given})
    return Place(Host("db1", frozenset(["mysql"]), variables, measured or {}), {"mysql": PAIR if names is None else names}, (files or {}).get, installing)


@pytest.mark.parametrize(
    ("names", "accepted", "refused"),
    [
        (PAIR, False, False),
        (["db1"], False, True),
        (["db1"], None, True),
        (["db1"], "no", True),
        (["db1"], True, False),
        (["db1"], "true", False),  # -e mysql_accept_single_host=true, which the role has always taken
        ([], False, True),
        (["db1", "db2", "db3"], True, True),
    ],
)
def test_a_primary_and_a_standby(names: list[str], accepted: Any, refused: bool) -> None:
    found = list(mysql.group(place(names, mysql_accept_single_host=accepted)))
    assert [(one.host, one.variable) for one in found] == ([("site", "group mysql")] if refused else [])


def test_the_way_to_live_without_a_standby_is_said() -> None:
    (found,) = mysql.group(place(["db1"]))
    assert "mysql_accept_single_host: true" in found.remedy


def test_preflight_refuses_yes_in_quotes_by_the_types() -> None:
    host = Host("db1", frozenset(["mysql"]), PlainVariables({"mysql_accept_single_host": "yes"}))
    site = Site({"db1": host}, Host(CONTROLLER), {"mysql": ["db1"]}, {"mysql": {"mysql_accept_single_host": {"type": "bool"}}})
    assert [one.variable for one in variables.types(site)] == ["mysql_accept_single_host"]


@pytest.mark.parametrize(("name", "refused"), [("db1", False), ("db2", False), (None, False), ("cp1", True), ("db9", True)])
def test_the_primary_is_a_member(name: str | None, refused: bool) -> None:
    found = list(mysql.primary(place(mysql_primary=name)))
    assert [(one.host, one.variable, one.value, one.expected) for one in found] == ([("site", "mysql_primary", name, "one of db1, db2")] if refused else [])


def test_a_role_without_its_group() -> None:
    alone = Place(Host("db1", variables=PlainVariables({"mysql_primary": "db1", "mysql_accept_single_host": True})))
    assert not list(judge("mysql", alone))


@pytest.mark.parametrize("declared", [{"sort-buffer-size": 1}, {"default_time_zone": "Europe/Berlin"}])
def test_settings_that_are_refused(declared: dict[str, Any]) -> None:
    """FC-31, FC-46: preflight was silent, and the role or the server's first start said it."""
    (found,) = mysql.settings(place(mysql_settings=declared))
    assert (found.host, found.variable) == ("db1", "mysql_settings.%s" % next(iter(declared)))


def test_settings_that_the_data_were_not_made_with() -> None:
    data = {"mysql_data": {"lower_case_table_names": "0"}}
    declared = {"lower_case_table_names": 1}
    (found,) = mysql.settings(place(measured=data, mysql_settings=declared))
    assert found.variable == "mysql_settings.lower_case_table_names"
    assert not list(mysql.settings(place(mysql_settings=declared)))
    assert not list(mysql.settings(place(measured=data, mysql_settings={"long_query_time": 1})))
    assert not list(mysql.settings(place()))


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/run/mysqld/mysqld.sock", False),
        ("/var/run/mysqld/mysqld.sock", False),
        ("/run/mysql/mysql.sock", False),
        ("/var/lib/mysql/mysql.sock", True),
        ("/run/mysqld.sock", True),
        ("/run/a/b/c.sock", True),
    ],
)
def test_a_socket_that_the_guard_could_not_enter(path: str, refused: bool) -> None:
    found = list(mysql.socket(place(mysql_socket=path)))
    assert [(one.variable, one.value) for one in found] == ([("mysql_socket", path)] if refused else [])
    assert all(one.expected.startswith("/run/") for one in found)


@pytest.mark.parametrize(
    ("supplied", "stored", "refused"),
    [
        ("abc", None, ""),
        ("a'b", None, "mysql_app_password"),
        ("a b\n", b"abc", "mysql_app_password"),
        ("", b"abc\n", ""),
        ("", b"a'b", SECRET),
        ("", b"", SECRET),
        ("", None, ""),  # to be generated
        (None, None, ""),
        ("abc", b"a'b", ""),  # the file does not count
    ],
)
def test_characters_of_the_password(supplied: str | None, stored: bytes | None, refused: str) -> None:
    files = {} if stored is None else {SECRET: stored}
    found = list(mysql.password(place(files=files, mysql_app_password=supplied, mysql_secrets_dir="/secrets/")))
    assert [one.variable for one in found] == ([refused] if refused else [])
    assert all(supplied not in (one.value, one.expected) for one in found)


def test_files_of_an_earlier_layer_are_asked_for_by_the_role_and_not_by_preflight() -> None:
    paths = {name: "/certificates/%s" % name for name in mysql.FILES}
    assert [one.variable for one in mysql.files(place(installing=True, **paths))] == list(mysql.FILES)
    assert not list(mysql.files(place(files=dict.fromkeys(paths.values(), b"x"), installing=True, **paths)))
    assert not list(mysql.files(place(**paths)))


NAME = "mysql_endpoint_address"


@pytest.mark.parametrize("text", ["db.example.com", "2001:db8::1", "192.0.2.200/24", "192.0.2.256", "192.0.2"])
def test_no_ipv4_address(text: str) -> None:
    assert [(one.host, one.variable, one.value) for one in mysql.endpoint(place(**{NAME: text}))] == [("db1", NAME, text)]


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, []),
        ({"mysql_endpoint_router_id": 200, "mysql_bind_address": "*"}, []),
        ({"mysql_endpoint_router_id": "20", "mysql_bind_address": "0.0.0.0"}, []),
        ({"mysql_endpoint_router_id": 0}, ["mysql_endpoint_router_id"]),
        ({"mysql_endpoint_router_id": 256}, ["mysql_endpoint_router_id"]),
        ({"mysql_bind_address": "192.0.2.3"}, ["mysql_bind_address"]),
        ({"ansible_host": "db1.example.com"}, ["mysql_address"]),
        ({"ansible_host": "db1.example.com", "mysql_address": "192.0.2.3"}, []),
        ({"__mysql_addresses": {"db1": "192.0.2.3", "db2": "192.0.2.4"}}, []),
        ({"__mysql_addresses": {"db1": "192.0.2.3", "db2": "db2.example.com"}}, ["mysql_address"]),
    ],
)
def test_the_endpoint(given: dict[str, Any], refused: list[str]) -> None:
    assert [one.variable for one in mysql.endpoint(place(**{NAME: "192.0.2.200", **given}))] == refused
    assert not list(mysql.endpoint(place(**given)))


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"mysql_endpoint_interface": "eno1"}, False),
        ({"mysql_endpoint_interface": ""}, True),
        ({}, False),  # preflight without facts
        ({"ansible_facts": {"discovered_interpreter_python": "/usr/bin/python3"}}, False),
        ({"ansible_facts": {"all_ipv4_addresses": ["192.0.2.3"]}}, True),
    ],
)
def test_the_interface_of_the_endpoint(given: dict[str, Any], refused: bool) -> None:
    found = list(mysql.interface(place(**{NAME: "192.0.2.200", **given})))
    assert [one.variable for one in found] == (["mysql_endpoint_interface"] if refused else [])
    assert not list(mysql.interface(place(**given)))


def test_preflight_prints_each_problem_once() -> None:
    given = {
        **{"mysql_primary": "cp1", "mysql_app_password": "a'b", "mysql_settings": {"sync_binlog": 0}, NAME: "db.example.com"},
        **{"site_name": "x", "wandb_fqdn": "wandb.example.com"},
    }
    hosts = {name: Host(name, frozenset(["mysql"]), PlainVariables({**given, "ansible_host": "192.0.2.%d" % at})) for at, name in enumerate(PAIR, 3)}
    site = Site(hosts, Host(CONTROLLER, variables=PlainVariables(given)), {"mysql": PAIR, "minio": ["store1"]})
    lines = [line.variable for line in joined(evaluate(site), 2)]
    for variable in ("mysql_primary", "mysql_app_password", "mysql_settings.sync_binlog", NAME):
        assert lines.count(variable) == 1, lines


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, []),
        ({"mysql_database": "wandb-local_2", "mysql_app_user": "app", "mysql_replication_user": "repl", "mysql_clone_user": "clone"}, []),
        ({"mysql_database": "wandb.local"}, ["mysql_database"]),
        ({"mysql_database": "a`b"}, ["mysql_database"]),
        ({"mysql_app_user": "root"}, ["mysql_app_user"]),
        ({"mysql_app_user": "x" * 33}, ["mysql_app_user"]),
        ({"mysql_app_user": "app", "mysql_replication_user": "app", "mysql_clone_user": "app"}, ["mysql_replication_user", "mysql_clone_user"]),
    ],
)
def test_names_of_database_and_accounts(given: dict[str, Any], refused: list[str]) -> None:
    """The module mysql_accounts refuses the first, when the server is installed; two accounts of one name would be one."""
    assert [one.variable for one in mysql.names(place(**given))] == refused
