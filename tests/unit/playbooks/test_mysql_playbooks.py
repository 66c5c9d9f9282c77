# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the playbooks of the MySQL pair add to the site's own words, and what they must not replace."""

from __future__ import annotations

import os
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOKS = sorted(path.name for path in (ROOT / "playbooks").glob("*.yml"))


def plays(name: str) -> list[dict[str, t.Any]]:
    """The plays of a playbook."""
    return yaml.safe_load((ROOT / "playbooks" / name).read_text(encoding="utf-8"))


def connection(tmp_path: Path, name: str, said: dict[str, t.Any]) -> dict[str, str]:
    """The SSH settings that a host of the playbook has when the site says this."""
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {"db1": {"ansible_connection": "local", **said}}}}), encoding="utf-8")
    files = [str(ROOT / "playbooks" / path) for path in plays(name)[0]["vars_files"]]
    play = {"hosts": "db1", "gather_facts": False, "vars_files": files}
    lines = ["timeout {{ ansible_ssh_timeout }}", "extra {{ ansible_ssh_extra_args }}"]
    play["tasks"] = [{"ansible.builtin.copy": {"content": "\n".join(lines), "dest": str(tmp_path / "said"), "mode": "0600"}}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    call = ["ansible-playbook", "-i", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml")]
    ended = subprocess.run(call, capture_output=True, text=True, check=False, cwd=tmp_path, env={**os.environ, "ANSIBLE_HOME": str(tmp_path)})
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return dict(line.split(" ", 1) for line in (tmp_path / "said").read_text(encoding="utf-8").splitlines())


JUMPS = [
    ("mysql_failover.yml", "ansible_ssh_extra_args", "-o ProxyJump=jump"),
    ("mysql_failover.yml", "ansible_ssh_common_args", "-o ProxyCommand='ssh -W %h:%p jump'"),
    ("mysql_status.yml", "ansible_ssh_extra_args", "-J jump"),
    ("mysql_status.yml", "ansible_ssh_common_args", "-o ProxyJump=jump"),
]


@pytest.mark.parametrize(("name", "variable", "said"), JUMPS)
def test_a_jump_host_of_the_site_survives_the_emergency(tmp_path: Path, name: str, variable: str, said: str) -> None:
    """FC-36: these two threw ansible_ssh_extra_args of the inventory away; and two connections do not fit into the time of one."""
    found = connection(tmp_path, name, {variable: said})
    assert (said in found["extra"]) is (variable == "ansible_ssh_extra_args")
    assert "-o ControlPath=none -o ServerAliveInterval=2" in found["extra"]
    assert found["timeout"] == "8"


@pytest.mark.parametrize("name", ["mysql_failover.yml", "mysql_status.yml"])
def test_a_dead_host_costs_a_moment(tmp_path: Path, name: str) -> None:
    assert connection(tmp_path, name, {"ansible_ssh_common_args": "-o StrictHostKeyChecking=yes"})["timeout"] == "2"


@pytest.mark.parametrize("variable", ["ansible_ssh_timeout", "ansible_timeout"])
def test_the_patience_of_the_site_survives(tmp_path: Path, variable: str) -> None:
    assert connection(tmp_path, "mysql_failover.yml", {variable: 9})["timeout"] == "9"


def test_a_site_that_says_nothing_has_the_quick_settings(tmp_path: Path) -> None:
    found = connection(tmp_path, "mysql_failover.yml", {})
    assert found == {"timeout": "2", "extra": "-o ControlPath=none -o ServerAliveInterval=2 -o ServerAliveCountMax=2 "}


def test_with_nobody_in_reach_the_status_says_so(tmp_path: Path) -> None:
    """It ended without a report: a host that cannot be reached left the play before there was one."""
    away = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"mysql": {"hosts": {"db1": away, "db2": away}, "vars": {"site_name": "lab"}}}), encoding="utf-8")
    (tmp_path / ".secrets").mkdir(mode=0o700)
    (tmp_path / ".secrets/mysql_replication_password").write_text("x" * 32, encoding="utf-8")
    call = ["ansible-playbook", "-i", str(tmp_path / "hosts.yml"), str(ROOT / "playbooks/mysql_status.yml")]
    environment = {**os.environ, "ANSIBLE_HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".lab/collections"), "ANSIBLE_NOCOLOR": "1"}
    ended = subprocess.run(call, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    told = " ".join((ended.stdout + ended.stderr).split())
    assert ended.returncode != 0, told
    assert "PROBLEM: db1 and db2 do not answer over SSH, so who is the primary is not known. Next: ansible db1:db2 -i" in told
    assert "db2 127.0.0.1:3306: does not answer over SSH" in told
    assert "db1 does not answer over SSH: " in told and "Connection refused" in told and "ansible db1 -i" in told


# What a person says to one call has no value of its own: these stand for "nothing was said".
NOTHING = re.compile(r"^\{\{ \w+ \| default\((''|false|'latest')\) \}\}$")


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_no_playbook_replaces_a_number_of_the_inventory(name: str) -> None:
    """review-2 B19: mysql_max_lag of the inventory did not count in mysql_switchover."""
    for play in plays(name):
        for task in play.get("tasks", ()):
            for variable, value in task.get("vars", {}).items():
                if isinstance(value, str) and "| default(" in value and "confirmation_problem" not in value:
                    assert NOTHING.match(value), f"{name}: {variable} is {value}"
