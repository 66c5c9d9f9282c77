# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real servers on the loopback, and the collection's own playbook against them. Nothing here needs a lab."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(TOP / ".lab/collections")]

from acme import Pebble

INVENTORY = "redis: {hosts: {store1: {ansible_connection: local}}}\nminio: {hosts: {store1: {}}}\n"


@dataclass
class Run:
    """What one run of a playbook said."""

    code: int
    output: str

    @property
    def changed(self) -> bool:
        return "changed=0" not in self.output


class Site:
    """A site of one host, of which only the controller's part runs."""

    def __init__(self, work: pathlib.Path) -> None:
        self.work = work
        (work / "hosts.yml").write_text(INVENTORY)
        self.certificates = work / "secrets/certificates"

    def run(self, *arguments: str, **variables: Any) -> Run:
        """The certificates' play on the controller."""
        given = {
            "site_secrets_dir": str(self.work / "secrets"),
            "site_name": "test",
            "wandb_fqdn": "wandb.acme.test",
            "certificates_trust_on_hosts": False,
            **variables,
        }
        command = ["ansible-playbook", "-i", str(self.work / "hosts.yml"), "-e", json.dumps(given), *arguments]
        env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1", "NO_COLOR": "1", "COLUMNS": "4000"}
        done = subprocess.run([*command, str(TOP / "playbooks/certificates.yml")], cwd=TOP, env=env, capture_output=True, text=True, timeout=120, check=False)
        return Run(done.returncode, done.stdout + done.stderr)


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Site:
    return Site(tmp_path)


@pytest.fixture(scope="module")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    server = Pebble(tmp_path_factory.mktemp("pebble"))
    yield server
    server.close()
