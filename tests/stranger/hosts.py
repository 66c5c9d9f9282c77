# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first operator's hosts, looked at past everything that stands between them and an operator."""

from __future__ import annotations

import os
import pathlib
import subprocess
import time

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
HOST_FILES = TOP / "molecule/shared/host_files.sh"


class Hosts:
    """The hosts of a running lab."""

    def __init__(self, state: pathlib.Path) -> None:
        self.state, self.name = state, state.name.removeprefix(".lab-")
        self.domain = f"{self.name}.test"
        self.groups: dict[str, list[str]] = {
            group: list(content["hosts"])
            for group, content in yaml.safe_load((state / "inventory/hosts.yml").read_text(encoding="utf-8"))["all"]["children"].items()
        }
        inventory = yaml.safe_load((state / "inventory/hosts.yml").read_text(encoding="utf-8"))["all"]["children"]
        self.addresses = {name: host["ansible_host"] for group in inventory.values() for name, host in group["hosts"].items()}
        private = yaml.safe_load((state / "inventory/group_vars/all/private.yml").read_text(encoding="utf-8"))
        self.database = str(private["lab_database"])
        net = self.database.rpartition(".")[0]
        self.jump = f"{net}.10"

    def on(self, host: str, command: str, check: bool = True) -> str:
        """Run as root on a host, past everything that stands between it and an operator."""
        env = {**os.environ, "CONTAINERS_CONF": str(TOP / "lab/containers.conf")}
        # By stdin: a command may hold a password, and an argument is for everybody to see.
        words = ["podman", "exec", "--interactive", f"{self.name}-{host}", "sh", "-e"]
        done = subprocess.run(words, input=command, capture_output=True, text=True, env=env, timeout=180, check=False)
        assert done.returncode == 0 or not check, f"on {host}: {done.stderr[-800:]}"
        return done.stdout

    def rules(self, host: str) -> str:
        """What the host's firewall is, in memory and for the next boot."""
        return self.on(host, "nft --stateless list table inet filter; cat /etc/nftables.conf")

    def files(self, host: str) -> set[str]:
        """Paths that no package has."""
        return set(self.on(host, HOST_FILES.read_text(encoding="utf-8")).splitlines())

    def kill(self, host: str, process: str, seconds: float = 60) -> None:
        """End the oldest process of this name by SIGKILL, and wait until another one has taken its place by itself."""
        look = f"pgrep --exact --oldest {process} || true"
        before = self.on(host, look).strip()
        assert before, f"{host}: no {process} runs"
        self.on(host, f"kill -KILL {before}")
        deadline = time.monotonic() + seconds
        while (now := self.on(host, look).strip()) in ("", before):
            assert time.monotonic() < deadline, f"{host}: {process} is not back after {seconds:.0f} s: {now or 'none runs'}"
            time.sleep(0.5)
