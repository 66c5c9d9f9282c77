# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables and tasks of a role, without a host."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from .test_mysql_my_cnf import trusted

ROLES = pathlib.Path(__file__).parents[3] / "roles"


def value(role: str, expression: str, **variables: t.Any) -> t.Any:
    """What an expression is with the role's defaults and variables; what is given counts more than both."""
    found: dict[str, t.Any] = {"inventory_hostname": "store1", "inventory_dir": "/inventory", "ansible_check_mode": False}
    for name in ("defaults", "vars"):
        found.update(trusted(yaml.safe_load((ROLES / role / name / "main.yml").read_text())))
    found[f"{role}_secrets_dir"] = "/inventory/.secrets"  # the default is a plugin of the collection
    return Templar(loader=DataLoader(), variables={**found, **trusted(variables)}).template(trust_as_template("{{ %s }}" % expression))


def play(
    directory: pathlib.Path, inventory: dict[str, t.Any], tasks: list[t.Any], files: list[str], options: t.Sequence[str] = (), **variables: t.Any
) -> tuple[int, str]:
    """Run tasks on this machine under the names of the inventory: end and output, for what needs plugins of the collection."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    playbook = {"hosts": "all", "gather_facts": False, "tasks": tasks, "vars_files": files, "vars": local}
    (directory / "play.yml").write_text(yaml.safe_dump([playbook]))
    (directory / "hosts.yml").write_text(yaml.safe_dump(inventory))
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROLES.parent / ".lab/collections"), "ANSIBLE_NOCOLOR": "true"}
    environment["PATH"] = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["ansible-playbook", "-i", "hosts.yml", "-e", json.dumps(variables), *options, "play.yml"]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, " ".join((done.stdout + done.stderr).split())
