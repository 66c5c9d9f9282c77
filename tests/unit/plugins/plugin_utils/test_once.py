# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is loaded before Ansible forks."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from ansible_collections.onprem.wandb.plugins.plugin_utils import _once

TOP = pathlib.Path(__file__).parents[4]
LOOK = """
import sys
from ansible.plugins.loader import action_loader, init_plugin_loader
init_plugin_loader()
action_loader.get("onprem.wandb.{action}", class_only=True)
print(*sorted(name.rpartition(".")[2] for name in sys.modules if name.startswith("ansible_collections.onprem.wandb.plugins.lookup.")))
"""


def test_every_lookup_of_the_collection_is_named() -> None:
    assert sorted(path.stem for path in (TOP / "plugins/lookup").glob("*.py") if path.stem != "__init__") == list(_once.LOOKUPS)


@pytest.mark.parametrize("action", ["check_variables", "preflight_facts", "secrets_look", "verify_measure"])
def test_what_a_play_starts_with_loads_them(action: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOOK.format(action=action)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == list(_once.LOOKUPS)
