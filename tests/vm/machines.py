# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts with a kernel of their own: reached by SSH alone, rebooted by themselves, their power cut by the lab."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import time
from collections.abc import Callable
from typing import Any

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]


class Lab:
    """The running lab."""

    def __init__(self, state: pathlib.Path) -> None:
        self.state = state
        groups = yaml.safe_load((state / "inventory/hosts.yml").read_text(encoding="utf-8"))["all"]["children"]
        self.addresses = {name: host["ansible_host"] for group in groups.values() for name, host in group["hosts"].items()}
        self.env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1"}

    def answer(self, host: str, command: str, seconds: float = 120) -> tuple[int, str]:
        """End and output of a command on a host; 255 is SSH's own."""
        options = ["-o", f"UserKnownHostsFile={self.state / 'ssh/known_hosts'}", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"]
        words = ["ssh", *options, "-i", str(self.state / "ssh/id_ed25519"), f"root@{self.addresses[host]}", "sh -s"]
        done = subprocess.run(words, input=command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False)
        return done.returncode, done.stdout + done.stderr

    def on(self, host: str, command: str, seconds: float = 120) -> str:
        code, said = self.answer(host, command, seconds)
        assert code == 0, f"on {host}: {command}: {said[-600:]}"
        return said

    def kube(self, arguments: str) -> str:
        return self.on("cp1", f"kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=30s {arguments}")

    def play(self, *playbooks: str, **variables: Any) -> str:
        """One run, as an operator starts it; what it printed."""
        files = [str(TOP / "playbooks" / f"{name}.yml") for name in playbooks]
        command = ["ansible-playbook", "-i", str(self.state / "inventory"), "-e", json.dumps(variables), *files]
        done = subprocess.run(command, cwd=TOP, env=self.env, capture_output=True, text=True, timeout=1500, check=False)
        return done.stdout + done.stderr

    def power(self, verb: str, *hosts: str) -> None:
        """lab/lab cut, or up."""
        done = subprocess.run([str(TOP / "lab/lab"), verb, "--hosts", ",".join(hosts)], cwd=TOP, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def boot(self, host: str) -> str:
        """Which boot the host is in; empty while it does not answer."""
        code, said = self.answer(host, "cat /proc/sys/kernel/random/boot_id", 30)
        return said.strip() if code == 0 else ""


def until(look: Callable[[], str], seconds: float) -> float:
    """Wait until there is nothing left to say, with a deadline; how long it took."""
    begun = time.monotonic()
    while said := look():
        assert time.monotonic() - begun < seconds, f"after {seconds:.0f} s: {said}"
        time.sleep(1)
    return time.monotonic() - begun
