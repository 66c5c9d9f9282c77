# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A whole site on lab hosts, with Redis on TLS: its playbooks, its cluster, its hosts, its clients."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(TOP / ".lab/collections")]

from clients import Site


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshot", default="", help="file for the screenshot of the runs, such as docs/runs.png")
    parser.addoption("--lab", default=os.environ.get("LAB_STATE", ".lab-whole"), help="state directory of a lab with all hosts, such as .lab-x")


class Lab:
    """The running lab."""

    def __init__(self, state: pathlib.Path) -> None:
        self.state, self.name = state, state.name.removeprefix(".lab-")
        self.secrets = state / "secrets"
        self.inventory = yaml.safe_load((state / "inventory/hosts.yml").read_text(encoding="utf-8"))
        groups = self.inventory["all"]["children"]
        self.addresses = {name: host["ansible_host"] for group in groups.values() for name, host in group["hosts"].items()}
        private = yaml.safe_load((state / "inventory/group_vars/all/private.yml").read_text(encoding="utf-8"))
        self.database = str(private["lab_database"])  # the address that follows MySQL's primary
        self.bundle = str(self.secrets / "certificates/ca-bundle.crt")

    def clients(self) -> Site:
        """W&B at each of the hosts its ingress runs on."""
        return Site([self.addresses[host] for host in ("cp1", "node1", "node2")], f"wandb.{self.name}.test", self.bundle)

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text(encoding="utf-8").strip()

    def on(self, host: str, command: str) -> str:
        env = {**os.environ, "CONTAINERS_CONF": str(TOP / "lab/containers.conf")}
        words = ["podman", "exec", "--interactive", f"{self.name}-{host}", "sh"]
        # By stdin: a command may hold a password, and an argument is for everybody to see.
        done = subprocess.run(words, input=command, capture_output=True, text=True, env=env, timeout=120, check=False)
        assert done.returncode == 0, f"on {host}: {done.stderr[-600:]}"
        return done.stdout

    def kube(self, *arguments: str) -> str:
        return self.on("cp1", f"kubectl --kubeconfig /etc/kubernetes/admin.conf {' '.join(arguments)}")

    def pods(self) -> set[str]:
        return set(self.kube("-n", "wandb", "get", "pods", "-o", "name").split())

    def resource(self) -> dict[str, Any]:
        """What W&B's custom resource says."""
        return dict(json.loads(self.kube("-n", "wandb", "get", "weightsandbiases", "wandb", "-o", "json"))["spec"]["values"])

    def try_play(self, *playbooks: str, inventory: str = "", talk: tuple[str, ...] = (), **variables: Any) -> tuple[int, str]:
        """One run, as an operator starts it: exit code and what was printed."""
        env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "400"}
        names = [str(TOP / "playbooks" / name) for name in playbooks]
        given = {"lab_state": str(self.state), **({} if inventory else {"redis_tls": True}), **variables}
        # In a file that only we may read: an argument is for everybody to see.
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as extra:
            json.dump(given, extra)
            extra.flush()
            command = ["ansible-playbook", "-i", inventory or str(self.state / "inventory"), "-e", f"@{extra.name}", *talk, *names]
            done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=900, check=False)
        return done.returncode, done.stdout + done.stderr

    def play(self, *playbooks: str, **others: Any) -> str:
        code, output = self.try_play(*playbooks, **others)
        assert code == 0, output[-4000:]
        return output

    def rows(self, **others: Any) -> dict[str, dict[str, str]]:
        """What verify measures, by the row's number."""
        report = self.state / "verify.json"
        code, output = self.try_play("verify.yml", verify_json=str(report), **others)
        assert report.is_file(), output[-3000:]
        found = json.loads(report.read_text(encoding="utf-8"))
        report.unlink()
        return {row["id"]: row for row in (found["rows"] if isinstance(found, dict) else found)}


def until(what: Callable[[], bool], seconds: float, words: str) -> float:
    """Seconds until it is so."""
    begun = time.monotonic()
    while not what():
        assert time.monotonic() - begun < seconds, f"{words}: not within {seconds:.0f} s"
        time.sleep(0.1)
    return time.monotonic() - begun


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab((TOP / request.config.getoption("--lab")).resolve())


def serving(clients: Site) -> bool:
    """At each address the front is ready; and the API, whose pods become ready by their own probes, uses database, bucket and queue."""
    front = {clients.ask("GET", "/ready", turn=turn)[0] for turn in range(len(clients.addresses))}
    return front | {clients.ask("POST", "/api/selftest")[0]} == {200}


@pytest.fixture
def clients(lab: Lab) -> Site:
    """Of a site that serves, whatever the test before left."""
    found = lab.clients()
    until(lambda: serving(found), 120, "W&B serves")
    return found
