# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts the playbook reset takes what from. Nobody answers on any of them."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).parents[3]
AWAY = {"ansible_host": "127.0.0.1", "ansible_port": 9}
MIRROR = {"minio_backup_target": {"type": "local"}, "minio_backup_target_path": "/srv/mirror"}


@pytest.mark.parametrize(
    ("groups", "variables", "asked"),
    [
        ({"minio": {"store1": AWAY}, "spare": {"backup1": AWAY}}, {**MIRROR, "minio_backup_host": "backup1"}, ["backup1", "store1"]),
        ({"redis": {"redis1": AWAY}}, {**MIRROR, "minio_backup_host": "redis1"}, ["redis1"]),
        ({"minio": {"store1": AWAY}, "spare": {"printer": AWAY}}, MIRROR, ["store1"]),
        ({"minio": {"store1": AWAY}, "spare": {"printer": AWAY}}, {}, ["store1"]),
        ({"redis": {"redis1": AWAY}}, {}, []),
    ],
)
def test_the_mirror_goes_from_the_host_that_has_it(tmp_path: pathlib.Path, groups: dict, variables: dict, asked: list[str]) -> None:
    """minio_backup_host may be any host of the inventory: its timer went on every night, with the keys of both places."""
    children = {name: {"hosts": hosts} for name, hosts in groups.items()}
    inventory = {"all": {"children": children, "vars": {"site_name": "x", "wandb_fqdn": "wandb.example.com", **variables}}}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", "playbooks/reset.yml", "-i", str(tmp_path / "hosts.json"), "-e", "op_confirm=x"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP)
    play = done.stdout.partition("PLAY [Remove the mirror of the bucket")[2].partition("\nPLAY ")[0]
    found = sorted({line.partition("[")[2].partition("]")[0] for line in play.splitlines() if line.startswith("fatal: [")})
    assert found == asked, done.stdout + done.stderr
