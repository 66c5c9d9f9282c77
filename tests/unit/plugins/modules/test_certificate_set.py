# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of certificate_set that cannot be meant."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._certificates import read
from ansible_collections.onprem.wandb.plugins.module_utils._work.certificate_set import wrong_requests

GOOD = {"name": "ingress", "hosts": ["wandb.example.com"]}
FILES = {"certificate_file": "c", "private_key_file": "k"}


@pytest.mark.parametrize(
    ("requests", "provided", "words"),
    [
        ([GOOD, GOOD], {}, "requested twice"),
        ([{"name": "redis", "hosts": ["", ""]}], {}, "has no host"),
        ([GOOD], {"ingres": FILES}, "which nothing asks for. Known names: ingress"),
        ([GOOD], {"ingress": {"certificate_file": "c"}}, "needs certificate_file and private_key_file"),
        ([GOOD], {"ingress": {**FILES, "key": "k"}}, "may have ca_file"),
        ([GOOD], {"ingress": "c"}, "needs certificate_file"),
    ],
)
def test_each_is_one_sentence(requests, provided, words):
    found = wrong_requests({"requests": requests, "provided": provided})
    assert len(found) == 1
    assert words in found[0]


def test_good_ones_are_none():
    assert wrong_requests({"requests": [GOOD], "provided": {"ingress": {**FILES, "ca_file": "a"}}}) == []


def first_run(directory: str) -> tuple[int, str]:
    """The module as Ansible runs it, over a directory that has nothing yet."""
    arguments = {"directory": directory, "requests": [{"name": name, "hosts": [f"{name}.example.com"]} for name in ("ingress", "minio", "redis")]}
    command = [sys.executable, "-m", "ansible_collections.onprem.wandb.plugins.modules.certificate_set"]
    given = json.dumps({"ANSIBLE_MODULE_ARGS": arguments})
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).resolve().parents[4] / ".lab/collections")}
    done = subprocess.run(command, input=given, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout


def test_two_first_runs_make_one_ca(tmp_path):
    """Whoever is second waits for the first and uses its root: of two roots one would be lost, with the hosts that trust it."""
    directory = str(tmp_path / "certificates")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(first_run, [directory] * 4))
    assert [code for code, _said in ends] == [0] * 4, ends
    assert [json.loads(said)["changed"] for _code, said in ends].count(True) == 1
    assert first_run(directory)[0] == 0
    root = read.load_chain(pathlib.Path(directory, "ca.crt").read_bytes())[0]
    assert read.key_matches(root, read.load_key(pathlib.Path(directory, "ca.key").read_bytes()))
    for name in ("ingress", "minio", "redis"):
        assert read.issued_by(read.load_chain(pathlib.Path(directory, f"{name}.crt").read_bytes())[0], root)
