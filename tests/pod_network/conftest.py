# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A running cluster on lab hosts: verify's rows about it, and what is done to its hosts and undone."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
ROWS = ("EX-21", "EX-22", "EX-23", "EX-24", "EX-25", "EX-26")
SECONDS = 180  # a container that crashes is started again after up to 80 s, then it has to become ready


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", default=os.environ.get("LAB_STATE", ".lab-pods"), help="state directory of a lab with a cluster, such as .lab-x")


class Lab:
    """The running lab."""

    def __init__(self, state: pathlib.Path, work: pathlib.Path) -> None:
        self.state, self.work, self.name = state, work, state.name.removeprefix(".lab-")

    def on(self, host: str, command: str) -> str:
        env = {**os.environ, "CONTAINERS_CONF": str(TOP / "lab/containers.conf")}
        words = ["podman", "exec", "--interactive", f"{self.name}-{host}", "sh", "-e"]
        done = subprocess.run(words, input=command, capture_output=True, text=True, env=env, timeout=120, check=False)
        assert done.returncode == 0, f"on {host}: {command}: {done.stderr[-600:]}"
        return done.stdout

    def kube(self, arguments: str) -> str:
        return self.on("cp1", f"kubectl --kubeconfig /etc/kubernetes/admin.conf {arguments}")

    def play(self, playbook: str, **variables: Any) -> str:
        """One run, as an operator starts it; what it printed."""
        env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1"}
        given = json.dumps({"lab_state": str(self.state), **variables})
        command = ["ansible-playbook", "-i", str(self.state / "inventory"), "-e", given, str(TOP / "playbooks" / playbook)]
        done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=400, check=False)
        return done.stdout + done.stderr

    def rows(self) -> dict[str, dict[str, str]]:
        """The rows about the cluster's own pods. W&B and its data tier are not there, so that other rows fail."""
        report = self.work / "rows.json"
        report.unlink(missing_ok=True)
        output = self.play("verify.yml", verify_json=str(report))
        assert report.exists(), output
        return {row["id"]: row for row in json.loads(report.read_text(encoding="utf-8"))["rows"] if row["id"] in ROWS}

    def until(self, good: Callable[[dict[str, dict[str, str]]], bool]) -> dict[str, dict[str, str]]:
        """The rows as soon as they are as expected; at the deadline as they are."""
        end = time.monotonic() + SECONDS
        while True:
            found = self.rows()
            if good(found) or time.monotonic() > end:
                return found

    def healthy(self) -> dict[str, dict[str, str]]:
        return self.until(lambda found: all(row["result"] == "pass" for row in found.values()))

    @contextmanager
    def planted(self, host: str, command: str, undo: str) -> Iterator[None]:
        """Do something to a host, and undo it whatever happens."""
        try:
            self.on(host, command)
            yield
        finally:
            self.on(host, undo)


@pytest.fixture
def lab(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Any:
    return Lab((TOP / request.config.getoption("--lab")).resolve(), tmp_path)
