# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module as Ansible runs it: arguments in, JSON out."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

TOP = pathlib.Path(__file__).resolve().parents[2]


def module(name: str, **arguments: Any) -> dict[str, Any]:
    """What onprem.wandb.<module> returns; a failure is one of the test."""
    given = json.dumps({"ANSIBLE_MODULE_ARGS": arguments})
    environment = {**os.environ, "PYTHONPATH": str(TOP / ".lab/collections")}
    command = [sys.executable, "-m", f"ansible_collections.onprem.wandb.plugins.modules.{name.removeprefix('onprem.wandb.')}"]
    done = subprocess.run(command, input=given, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, f"{name}: {done.stdout} {done.stderr}"
    return dict(json.loads(done.stdout))
