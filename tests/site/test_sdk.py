# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""W&B's own SDK as a client of the site: by name, through the ingress, with the certificates that the site gives to machines that train."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import pytest
from conftest import TOP, Lab

PYTHON = TOP / ".lab/venv-wandb/bin/python"


def run_sdk(lab: Lab, home: pathlib.Path, *arguments: str) -> str:
    """One program with the SDK on a machine of a user: of the site it knows what sdk-environment.sh says, and the address."""
    lines = (lab.secrets / "certificates/sdk-environment.sh").read_text(encoding="utf-8")
    trust = dict.fromkeys(re.findall(r"^export (\w+)=", lines, flags=re.MULTILINE), lab.bundle)
    site = {"WANDB_BASE_URL": f"https://wandb.{lab.name}.test", "WANDB_API_KEY": "0" * 40}
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONUTF8": "1", **trust, **site}
    done = subprocess.run([str(PYTHON), *arguments], cwd=home, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize("verb", ["log", "read", "resume", "read", "offline"])
def test_a_run_is_logged_read_back_and_resumed(lab: Lab, tmp_path_factory: pytest.TempPathFactory, verb: str) -> None:
    home = tmp_path_factory.getbasetemp() / "sdk"
    home.mkdir(exist_ok=True)
    said = run_sdk(lab, home, str(TOP / "lab/standin/sdk/client.py"), verb, "run.json")
    assert not re.search("warning|error", said, flags=re.IGNORECASE), said


def test_wandb_verify_passes_all_of_its_checks(lab: Lab, tmp_path: pathlib.Path) -> None:
    said = run_sdk(lab, tmp_path, "-m", "wandb", "verify", "--host", f"https://wandb.{lab.name}.test")
    good, bad = said.count("\u2705"), said.count("\u274c")
    assert bad == 0 and f"`wandb verify` passes {good} of its {good + bad} checks" in (TOP / "README.md").read_text(encoding="utf-8"), said
