# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role mysql writes for the endpoint, and what it refuses."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible.template import trust_as_template
from ansible_collections.onprem.wandb.plugins.action.check_variables import TaskVariables
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import Host
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules import judge, mysql
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules.model import Place, sentence

from .test_mysql_my_cnf import ROLE, templar

GROUPS = {"mysql": ["db1", "db2"]}
HOST = {"mysql_endpoint_address": "10.0.0.20"}
FACTS = {"memtotal_mb": 16384, "os_family": "Debian", "distribution": "Debian", "distribution_major_version": "12"}
NETWORK = {**FACTS, "default_ipv4": {"interface": "eno1", "address": "10.0.0.21"}}


def value(name: str, **variables: t.Any) -> t.Any:
    """One variable of the role."""
    return templar(**{"ansible_facts": NETWORK, **variables}).template(trust_as_template("{{ %s }}" % name))


def refused(**variables: t.Any) -> list[str]:
    """What the rules of the role say about the endpoint, asked as its first task does."""
    own = templar(**{"ansible_facts": NETWORK, **variables})
    host = Host("db1", frozenset(["mysql"]), TaskVariables(own, own.available_variables))
    found = [*mysql.endpoint(Place(host, GROUPS)), *mysql.interface(Place(host, GROUPS))]
    assert host.variables.errors == {}
    return [sentence(one) for one in found]


def test_the_role_accepts_its_defaults() -> None:
    own = templar(ansible_facts=NETWORK, mysql_app_password="abc", **HOST)
    host = Host("db1", frozenset(["mysql"]), TaskVariables(own, own.available_variables))
    assert [sentence(one) for one in judge("mysql", Place(host, GROUPS, lambda _path: b"abc", installing=True))] == []
    assert {one.variable for one in judge("mysql", Place(host, GROUPS, installing=True))} == set(mysql.FILES)
    assert host.variables.errors == {}


def conf(name: str, **variables: t.Any) -> str:
    """One template of the role."""
    return str(templar(**{"ansible_facts": NETWORK, **HOST, **variables}).template(trust_as_template((ROLE / "templates" / name).read_text())))


def test_the_address_is_held_by_who_takes_writes_and_by_nobody_else() -> None:
    words = " ".join(conf("keepalived.conf.j2").split())
    assert 'track_file mysql_writable { file "/run/mysql-writable/state" weight 0 reverse }' in words
    assert "state BACKUP nopreempt interface eno1 virtual_router_id 20 " in words
    assert "unicast_src_ip 10.0.0.21 unicast_peer { 10.0.0.22 } virtual_ipaddress { 10.0.0.20/32 dev eno1 }" in words
    assert "notify" not in words and "script" not in words


def test_one_host_has_no_peer() -> None:
    assert "unicast_peer" not in conf("keepalived.conf.j2", groups={"mysql": ["db1"]})


def test_the_units_watch_the_same_file() -> None:
    assert "ExecStartPre=/usr/bin/test -d /run/mysql-writable" in conf("mysql-endpoint.service.j2")
    watcher = conf("mysql-writable.service.j2")
    assert "/usr/local/sbin/mysql-writable /run/mysqld/mysqld.sock /run/mysql-writable/state" in watcher
    assert "RuntimeDirectory=mysql-writable\n" in watcher and "RuntimeDirectoryPreserve=yes" in watcher
    assert "ExecStopPost=/usr/bin/rm -f /run/mysql-writable/state" in watcher


def test_the_account_has_no_rights_and_no_password() -> None:
    assert value("__mysql_endpoint_accounts", **HOST) == [{"name": "mysql_writable", "host": "localhost", "socket_user": "mysql_writable"}]


def test_without_an_address_there_is_nothing() -> None:
    assert value("__mysql_endpoint_accounts") == []
    assert refused() == []
    assert "keepalived" not in value("__mysql_packages")
    assert "keepalived" in value("__mysql_packages", **HOST)


def test_everything_that_is_written_is_removed() -> None:
    files = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__mysql_endpoint_files"]
    written = {str(templar().template(trust_as_template(entry["path"]))) for entry in files}
    written |= set(value("__mysql_commands", **HOST)) - set(value("__mysql_commands"))
    assert {entry["path"] for entry in value("__mysql_endpoint_absent")} == written
    reset = str(templar().template(trust_as_template((ROLE / "tasks/reset.yml").read_text().replace("{{ item }}", ""))))
    assert [path for path in written if path not in reset and not path.startswith(value("__mysql_config_dir") + "/")] == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"mysql_endpoint_address": "db.example.com"}, "expected an unused IPv4 address"),
        ({"mysql_endpoint_address": "10.0.0.999"}, "expected an unused IPv4 address"),
        ({"ansible_facts": FACTS}, "mysql_endpoint_interface is empty; expected an interface"),
        (
            {"ansible_facts": {**FACTS, "default_ipv4": {"interface": "eno1", "address": "192.0.2.7"}}},
            "mysql_endpoint_interface is empty; expected an interface",
        ),
        ({"mysql_endpoint_router_id": 0}, "from 1 to 255"),
        ({"mysql_bind_address": "10.0.0.21"}, "mysql_bind_address is 10.0.0.21; expected * or 0.0.0.0"),
        ({"hostvars": {"db1": {"ansible_host": "10.0.0.21"}, "db2": {"ansible_host": "db2.example.com"}}}, "db2: mysql_address is db2.example.com"),
    ],
)
def test_what_the_role_refuses(variables: dict[str, t.Any], words: str) -> None:
    assert words in " ".join(refused(**{**HOST, **variables}))


def test_an_interface_of_its_own() -> None:
    assert refused(mysql_endpoint_interface="bond0", ansible_facts=FACTS, **HOST) == []
    assert refused(**HOST) == []
