# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked of a host's package manager, system by system, and the findings of what it lacks."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight import packages
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.gather import Gatherer
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.interface import PACKAGES
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import evaluate
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import packages as rule

ROLES = pathlib.Path(__file__).parents[5] / "roles"
ELSEWHERE = {"bucket_check_packages"}  # storage_check is no part of a site's run; it says itself what it lacks
GROUPS = {"kube_control_plane": ["cp1"], "kube_node": ["cp1"], "mysql": ["db1"], "redis": ["db1"], "minio": ["store1"], "all": ["cp1", "db1", "store1"]}
REDIS = {"role": "redis", "name": "redis-server", "oldest": "7", "below": "8", "seen": "5:8.0.2-3", "installed": False}
RESTIC = {"role": "mysql_backup", "name": "restic", "seen": "", "installed": False}


class Hostvars(dict):
    """As much of Ansible's as is asked."""

    def raw_get(self, name):
        return {"inventory_hostname": name, "groups": GROUPS, "group_names": [group for group in GROUPS if name in GROUPS[group]], **self.get(name, {})}


def asked(name, **variables):
    """System to names of packages and their bounds."""
    task_vars = {"hostvars": Hostvars(dict.fromkeys(GROUPS["all"], variables)), "groups": GROUPS}
    gatherer = Gatherer(Templar(DataLoader()), task_vars)
    found = packages.wanted(gatherer, gatherer.host(name))
    return {system: {item["name"]: (item.get("oldest", ""), item.get("below", "")) for item in items} for system, items in found.items()}


def test_every_supported_system_by_its_own_names():
    found = asked("db1", mysql_endpoint_address="192.0.2.9")
    assert list(found) == ["debian 12", "debian 13", "ubuntu 22.04", "ubuntu 24.04", "ubuntu 26.04", "el 9", "el 10"]
    assert found["debian 12"] == {
        **dict.fromkeys(["chrony", "python3-pymysql", "libaio1", "libnuma1", "libncurses6", "keepalived", "restic"], ("", "")),
        **dict.fromkeys(["redis-server", "redis-tools"], ("7", "8")),
    }
    assert "libaio1t64" in found["debian 13"] and "libaio1" in found["ubuntu 22.04"]
    assert found["el 9"]["@redis:7"] == ("7", "8") and "python3-PyMySQL" in found["el 9"]


def test_what_a_role_will_not_install_is_not_asked_for():
    found = asked("db1", redis_install_method="none", mysql_backup_accept_none=True)["debian 12"]
    assert "restic" not in found and "redis-server" not in found and "chrony" in found


def test_only_the_host_that_mirrors_the_bucket_needs_rclone():
    target = {"minio_backup_target": {"type": "s3"}}
    assert "rclone" not in asked("store1")["debian 12"]
    assert asked("store1", **target)["debian 12"]["rclone"] == ("1.59", "")
    elsewhere = {**target, "minio_backup_host": "cp1"}
    assert "rclone" in asked("cp1", **elsewhere)["debian 12"] and "rclone" not in asked("store1", **elsewhere)["debian 12"]


def test_a_node_and_its_own_packages():
    found = asked("cp1", host_packages=["jq"])
    assert {"chrony", "conntrack", "jq"} <= set(found["debian 12"]) and {"container-selinux", "jq"} <= set(found["el 9"])


def test_what_cannot_be_evaluated_for_a_system_is_left_to_the_role():
    assert "el 9" not in asked("cp1", host_packages="{{ {'Debian': ['jq']}[ansible_facts['os_family']] }}")


def test_every_list_of_packages_of_every_role_is_asked_for():
    """One truth: the variables that the roles' own tasks install from."""
    said = set()
    for path in ROLES.glob("*/*/*.yml"):
        text = path.read_text(encoding="utf-8")
        said |= set(re.findall(r"- packages: \"\{\{ (\w+) \}\}\"", text))
        said |= set(re.findall(r"(?:os_packages|builtin\.dnf|builtin\.apt|builtin\.package):\n\s+name[s]?: \"\{\{ (\w+) \}\}\"", text))
        assert len(re.findall(r"- packages:|os_packages:|builtin\.(?:dnf|apt|package):", text)) == len(
            re.findall(r"(?:- packages:|names?:) \"\{\{ \w*package\w* \}\}\"", text)
        ), f"{path}: packages that are in no variable"
    assert said == set(PACKAGES.values()) | ELSEWHERE


def test_the_findings(site):
    broken = site(measured={"store1": {"packages": {"lacking": [REDIS], "silent": []}}, "db1": {"packages": {"lacking": [RESTIC], "silent": ["E: no route"]}}})
    restic, redis = sorted(rule.available(broken), key=lambda finding: finding.host)
    assert (redis.host, redis.variable, redis.value) == ("store1", "redis_package_names", "its repositories have redis-server 5:8.0.2-3")
    assert redis.expected == "redis-server 7 or newer, older than 8" and "redis_install_method: none" in redis.remedy
    assert restic.value == "its repositories have no restic; did not answer: E: no route"
    assert "apt-cache policy restic" in restic.remedy and "mysql_backup_accept_none: true" in restic.remedy
    assert len(list(evaluate(broken))) == 2


@pytest.mark.parametrize(("package", "words"), [
    ({**REDIS, "installed": True}, "redis-server 5:8.0.2-3 is installed"), (RESTIC, "its repositories have no restic"),
])
def test_what_is_seen(package, words):
    assert rule.seen(package) == words


def test_a_package_of_a_role_without_a_variable_of_its_own(site):
    lacks = {"lacking": [{"role": "host", "name": "chrony", "seen": "", "installed": False}], "silent": []}
    release = {"id": "rocky", "id_like": ["rhel"], "version": "9.4", "name": "Rocky"}
    (finding,) = rule.available(site(measured={"cp1": {"packages": lacks, "os": release}}))
    assert finding.variable == "packages of role host" and "dnf repoquery chrony" in finding.remedy
