# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lab hosts, an inventory of their own for the tests, and a way to run preflight and read its report."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
NEEDED = ("cp1", "db1", "db2")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", default=os.environ.get("LAB_STATE", ".lab"), help="state directory of the running lab, such as .lab or .lab-x")


@dataclass
class Report:
    """What one run of preflight said."""

    code: int
    output: str
    findings: list[dict[str, str]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    def problems(self) -> set[tuple[str, str]]:
        return {(item["host"], item["variable"]) for item in self.findings if item["severity"] == "problem"}

    def about(self, variable: str) -> list[dict[str, str]]:
        return [item for item in self.findings if item["variable"] == variable]


class Lab:
    """The running lab."""

    def __init__(self, state: pathlib.Path, work: pathlib.Path) -> None:
        self.state = state
        self.work = work
        source = state / "inventory" if (state / "inventory").is_dir() else TOP / "inventories" / "lab"
        self.known = yaml.safe_load((source / "hosts.yml").read_text(encoding="utf-8"))["all"]["children"]
        self.addresses = {name: (host or {})["ansible_host"] for group in self.known.values() for name, host in (group["hosts"] or {}).items()}
        missing = [name for name in NEEDED if name not in self.addresses]
        assert not missing, "the lab in %s has no %s: lab/lab up --hosts %s" % (state, ", ".join(missing), ",".join(NEEDED))
        self.inventory = work / "inventory"
        shutil.copytree(source / "group_vars", self.inventory / "group_vars")
        self.write(self.groups())

    def groups(self) -> dict[str, list[str]]:
        """Three hosts in all roles, so that each rule has something to look at."""
        return {"kube_control_plane": ["cp1"], "kube_node": ["cp1"], "mysql": ["db1", "db2"], "redis": ["db1"], "minio": ["db2"]}

    def write(self, groups: dict[str, list[str]], hosts: dict[str, dict[str, Any]] | None = None) -> None:
        """The inventory of the tests."""
        own = hosts or {}
        children = {
            group: {"hosts": {name: {"ansible_host": self.addresses.get(name, "198.18.255.254"), **own.get(name, {})} for name in names}}
            for group, names in groups.items()
        }
        (self.inventory / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": children}}), encoding="utf-8")

    def ssh(self, host: str, command: str) -> str:
        """Run a command as root on a host."""
        options = ["-o", "UserKnownHostsFile=%s" % (self.state / "ssh/known_hosts"), "-o", "BatchMode=yes"]
        call = ["ssh", "-i", str(self.state / "ssh/id_ed25519"), *options, "root@%s" % self.addresses[host], command]
        return subprocess.run(call, check=True, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL).stdout

    @contextmanager
    def planted(self, plants: list[tuple[str, str, str]]) -> Iterator[None]:
        """Do something to hosts, and undo it whatever happens."""
        done: list[tuple[str, str]] = []
        try:
            for host, command, undo in plants:
                done.append((host, undo))
                self.ssh(host, command)
            yield
        finally:
            for host, undo in reversed(done):
                self.ssh(host, undo)

    def play(self, name: str) -> str:
        """What another playbook prints; it must end well."""
        given = json.dumps({"lab_state": str(self.state), "site_secrets_dir": str(self.work / "secrets")})
        call = ["ansible-playbook", "-i", str(self.inventory), "-e", given, str(TOP / "playbooks" / (name + ".yml"))]
        done = subprocess.run(call, cwd=TOP, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def preflight(self, *arguments: str, **variables: Any) -> Report:
        """One run."""
        report = self.work / "report.json"
        report.unlink(missing_ok=True)
        fixed = {
            "lab_state": str(self.state),
            "site_secrets_dir": str(self.work / "secrets"),
            "preflight_json": str(report),
            "preflight_size": "custom",
            "preflight_minimums": {"kube_node": {"hosts": 1}},
            "wandb_license": "none-in-the-lab",
        }
        given = {key: value for key, value in {**fixed, **variables}.items() if value is not ...}
        playbook = ["ansible-playbook", "-i", str(self.inventory), "-e", json.dumps(given), *arguments, str(TOP / "playbooks/preflight.yml")]
        done = subprocess.run(playbook, cwd=TOP, capture_output=True, text=True, timeout=180, check=False)
        output = done.stdout + done.stderr
        if not report.exists():
            return Report(done.returncode, output)
        data = json.loads(report.read_text(encoding="utf-8"))
        return Report(done.returncode, output, data["findings"], data["secrets_to_generate"])


@pytest.fixture
def lab(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Lab:
    return Lab((TOP / request.config.getoption("--lab")).resolve(), tmp_path)
