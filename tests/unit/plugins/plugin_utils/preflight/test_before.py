# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was on a host before us."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import before

LEFT = {"alias": "", "directory": "/var/lib/mysql", "files": ["ibdata1", "mysql"]}
MYSQL_8 = {**LEFT, "files": ["mysql.ibd", "wiki"]}
ALIAS = {**LEFT, "files": [], "alias": "/usr/lib/systemd/system/mariadb.service"}
MASKED = {**ALIAS, "alias": "/dev/null"}
VENV = {"path": "/opt/py/bin/python3.13", "distribution": False, "pymysql": False}


def test_a_bare_site(site):
    assert not [finding for rule in before.RULES for finding in rule(site({"host_etc_hosts": True}))]


@pytest.mark.parametrize("found", [LEFT, MYSQL_8])
def test_data_of_another_server(site, found):
    """FC-48. The server itself refuses the first and would start on the second."""
    (finding,) = before.data(site(measured={"db1": {"mysql_before": found}}))
    assert (finding.host, finding.variable) == ("db1", "mysql_data_dir") and "mv /var/lib/mysql /var/lib/mysql.before" in finding.remedy


@pytest.mark.parametrize("host", [{"evidence": {"mysql_app_password": "/x"}}, {"mysql_before": {**MYSQL_8, "files": ["mysql.ibd", "onprem_wandb"]}}])
def test_our_own_data(site, host):
    assert not list(before.data(site(measured={"db1": {"mysql_before": MYSQL_8, **host}})))


@pytest.mark.parametrize(("found", "words"), [(ALIAS, "systemctl disable --now mariadb.service"), (MASKED, "systemctl unmask mysqld")])
def test_a_unit_that_is_a_link(site, found, words):
    """FC-29: role mysql refuses it too, after other layers."""
    (finding,) = before.unit(site(measured={"db2": {"mysql_before": found}}))
    assert finding.host == "db2" and words in finding.remedy


def test_a_second_python(site, found):
    """FC-09: modules run with it, and the distribution's PyMySQL is not for it."""
    assert found(before.python(site(measured={"db1": {"interpreter": VENV}}))) == [("db1", "ansible_python_interpreter", "problem")]
    assert not list(before.python(site(measured={"db1": {"interpreter": {**VENV, "pymysql": True}}, "node1": {"interpreter": VENV}})))


def test_programs_that_may_not_run(site, found):
    """FC-42."""
    mounted = {"noexec": {"/opt/onprem-wandb": "/opt", "/opt/cni/bin": "/opt"}}
    assert found(before.programs(site(measured={"node1": mounted}))) == [("node1", "/opt/onprem-wandb", "problem"), ("node1", "/opt/cni/bin", "problem")]
    assert found(before.programs(site(measured={"db1": mounted}))) == [("db1", "/opt/onprem-wandb", "problem")]


def test_two_writers_of_etc_hosts(site, found):
    """FC-44."""
    cloud = {"node1": {"hosts_writer": "/etc/cloud/cloud.cfg"}}
    assert found(before.names(site({"host_etc_hosts": True}, measured=cloud))) == [("node1", "host_etc_hosts", "problem")]
    assert not list(before.names(site({"host_etc_hosts": False}, measured=cloud)))
