# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a machine that does not have the site's secrets: check mode writes none, and hosts that serve get no others. After test_leaks, on bare hosts."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ["certificates", "mysql", "redis", "minio"]


def run(state: pathlib.Path, playbook: str, *words: str, secrets: pathlib.Path | None = None) -> tuple[int, str]:
    """End and output of one playbook."""
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "1"}
    given = json.dumps({"site_secrets_dir": str(secrets)} if secrets else {})
    command = ["ansible-playbook", "-i", str(state / "inventory"), "-e", given, *words, str(TOP / f"playbooks/{playbook}.yml")]
    done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=900, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("playbook", LAYERS)
def test_check_mode_on_bare_hosts_writes_nothing(state: pathlib.Path, tmp_path: pathlib.Path, playbook: str) -> None:
    code, said = run(state, playbook, "--check", secrets=tmp_path / "secrets")
    assert code == 0, said[-3000:]
    assert not (tmp_path / "secrets").exists()


def test_the_layers_are_installed(state: pathlib.Path) -> None:
    for playbook in ["hosts", *LAYERS]:
        code, said = run(state, playbook)
        assert code == 0, said[-3000:]


@pytest.mark.parametrize("words", [(), ("--check",)])
@pytest.mark.parametrize("playbook", ["preflight", *LAYERS])
def test_hosts_that_serve_get_no_others(state: pathlib.Path, tmp_path: pathlib.Path, playbook: str, words: tuple[str, ...]) -> None:
    code, said = run(state, playbook, *words, secrets=tmp_path / "secrets")
    assert code != 0 and "changed=0" in said
    assert "set up with" in said, said[-3000:]
    assert not (tmp_path / "secrets").exists()
