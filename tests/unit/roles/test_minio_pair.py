# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new set of two hosts is refused; one that holds files goes on."""

from __future__ import annotations

import pathlib

import yaml

from .role_value import ROLES, play

SERVERS = ["store1", "store2"]
NAMES = ("Look whether a set of two holds files already", "Refuse a new set of two")


def run(directory: pathlib.Path, servers: list[str]) -> tuple[int, str]:
    """The two tasks of the role, on drives below a directory, when the role comes to them."""
    tasks = yaml.safe_load((ROLES / "minio/tasks/refuse_set_of_two.yml").read_text())
    assert [task["name"] for task in tasks] == list(NAMES)
    main = yaml.safe_load((ROLES / "minio/tasks/main.yml").read_text())
    (entry,) = [task for task in main if task.get("ansible.builtin.include_tasks") == "refuse_set_of_two.yml"]
    tasks = [{"name": entry["name"], "when": entry["when"], "block": tasks}]
    drives = [f"{directory}/{{{{ inventory_hostname }}}}/disk{number}" for number in (1, 2)]
    files = [str(ROLES / f"minio/{name}/main.yml") for name in ("defaults", "vars")]
    return play(directory, {"minio": {"hosts": dict.fromkeys(servers)}}, tasks, files, __minio_directories=drives)


def initialised(directory: pathlib.Path, server: str) -> None:
    path = directory / server / "disk2/.minio.sys/format.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")


def test_a_new_set_is_refused(tmp_path: pathlib.Path) -> None:
    code, output = run(tmp_path, SERVERS)
    assert code != 0 and "store1 and store2: a two-node set loses its write quorum" in output and "Next: " in output


def test_a_set_with_files_goes_on_even_when_one_host_is_new(tmp_path: pathlib.Path) -> None:
    initialised(tmp_path, "store2")
    code, output = run(tmp_path, SERVERS)
    assert code == 0, output


def test_a_single_host_is_not_looked_at(tmp_path: pathlib.Path) -> None:
    code, output = run(tmp_path, SERVERS[:1])
    assert code == 0 and "skipped=2" in output, output
