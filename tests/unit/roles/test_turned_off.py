# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a variable asked for goes when it asks no more, and when a run was broken off while it went."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
import yaml

from .role_value import ROLES, play, value

BLOCK = "# BEGIN ANSIBLE MANAGED BLOCK onprem.wandb\n192.0.2.7 old\n# END ANSIBLE MANAGED BLOCK onprem.wandb\n"


def apply(directory: pathlib.Path, hosts: str, states: list[t.Any], *options: str) -> tuple[int, str]:
    """The states with block of /etc/hosts, on another file."""
    (directory / "hosts").write_text(hosts) if hosts else None
    mine = [{"block": {**state["block"], "path": str(directory / "hosts")}} for state in states if "block" in state]
    return play(directory, {"all": {"hosts": {"store1": {}}}}, [{"name": "Apply", "onprem.wandb.host_state": {"states": mine}}], [], options)


@pytest.mark.parametrize("before", [f"127.0.0.1 localhost\n{BLOCK}", "127.0.0.1 localhost\n", ""])
def test_names_of_hosts_go_with_their_variable_and_with_the_reset(before: str, tmp_path: pathlib.Path) -> None:
    """The block stayed and led to addresses of former days."""
    reset = yaml.safe_load((ROLES / "host/tasks/reset.yml").read_text())[0]["onprem.wandb.host_state"]["states"]
    for states in (value("host", "__host_names", host_etc_hosts=False), reset):
        code, output = apply(tmp_path, before, states)
        assert code == 0 and f"changed={int('BEGIN' in before)} " in output, output
        assert (tmp_path / "hosts").read_text() == "127.0.0.1 localhost\n" if before else not (tmp_path / "hosts").exists()


def test_the_names_of_hosts_are_always_declared() -> None:
    states = (ROLES / "host/vars/main.yml").read_text()
    assert "+ __host_names\n" in states and "if host_etc_hosts else '' }}" in states


@pytest.mark.parametrize("broken_off", [False, True])
def test_a_root_goes_when_hosts_are_not_to_trust_it(broken_off: bool, tmp_path: pathlib.Path) -> None:
    """Broken off: the file went, and the system's bundle still holds it."""
    roots, bundle = tmp_path / "onprem-wandb-roots", tmp_path / "bundle"
    roots.mkdir()
    bundle.touch()
    os.utime(bundle, (1, 1))
    if not broken_off:
        (roots / "onprem-wandb.crt").touch()
    system = {"directory": str(roots), "bundle": str(bundle), "command": "false", "forget": ["sh", "-c", f"echo made anew > {bundle}"]}
    given = {"certificates_trust_on_hosts": False, "__certificates_system": system, "__certificates_host_file": f"{roots}/onprem-wandb.crt"}
    tasks = [{"name": "Trust", "ansible.builtin.include_tasks": str(ROLES / "certificates/tasks/hosts.yml")}]
    changes = (1, 0) if broken_off else (2, 0)
    for changed in changes:
        code, output = play(tmp_path, {"all": {"hosts": {"store1": {}}}}, tasks, [], **given)
        assert code == 0 and f"changed={changed} " in output, output
        assert bundle.read_text() == "made anew\n" and not list(roots.glob("*"))
