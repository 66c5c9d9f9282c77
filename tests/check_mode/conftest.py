# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A finished site on lab hosts, and what it is before and after each call."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[:0] = [str(HERE)]

import snapshot


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", default=os.environ.get("LAB_STATE", ".lab"), help="state directory of a lab with a finished site on all hosts, such as .lab-x")


class Lab:
    """The running lab: how a playbook is called there, and what it is now."""

    def __init__(self, state: pathlib.Path) -> None:
        self.state = state
        self.name = state.name.removeprefix(".lab-") if state.name != ".lab" else "lab"
        self.inventory = TOP / "inventories/lab" if self.name == "lab" else state / "inventory"
        groups = yaml.safe_load((self.inventory / "hosts.yml").read_text(encoding="utf-8"))["all"]["children"]
        self.groups = {name: list(group["hosts"]) for name, group in groups.items()}
        self.hosts = sorted({host for names in self.groups.values() for host in names})
        # Helm and its caches, which role wandb keeps for all sites.
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
        self.places = [path for path in (state / "secrets", state / "kubeconfig", cache / "onprem-wandb/tools") if path.exists()]
        self.seen = self.look()

    def look(self) -> snapshot.Moment:
        return snapshot.of_site(self.name, self.hosts, self.groups["kube_control_plane"][0], *self.places)

    def differences(self) -> list[str]:
        """What has changed since this was asked last."""
        before, self.seen = self.seen, self.look()
        return snapshot.differences(before, self.seen)

    def check(self, playbook: str, variables: dict[str, str]) -> tuple[int, str]:
        """ansible-playbook --check --diff: exit code and output."""
        extra = [word for name, value in variables.items() for word in ("-e", f"{name}='{value.format(site_name='lab')}'")]
        env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1"}
        command = ["ansible-playbook", "-i", str(self.inventory), "--check", "--diff", *extra, f"playbooks/{playbook}.yml"]
        done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=600, check=False)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab((TOP / request.config.getoption("--lab")).resolve())
