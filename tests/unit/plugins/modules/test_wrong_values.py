# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No wrong value makes a module end with a traceback, or with a message that leaves its reader alone."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from ansible_collections.onprem.wandb.tests.unit.plugins.modules import wrong_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MODULES = sorted(path.stem for path in (pathlib.Path(__file__).parents[4] / "plugins/modules").glob("*.py") if "def main" in path.read_text(encoding="utf-8"))
EXAMPLES = 200 if os.environ.get("LONG") else 20


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_is_wrong(name: str, tmp_path: pathlib.Path) -> None:
    spec, paths = wrong_values.spec_of(name), wrong_values.files(tmp_path)

    @settings(max_examples=EXAMPLES, derandomize=EXAMPLES < 200, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def ask(data: t.Any) -> None:
        arguments = data.draw(wrong_values.wrong(spec, paths))
        outcome = wrong_values.call(name, arguments, tmp_path)
        # What Ansible itself refuses in a task's arguments is in its own words: no operator writes them, the roles do.
        # A secret of one letter, or one that is a word of the message, is masked in it.
        if outcome.failed and not outcome.by_ansible and "********" not in outcome.message:
            assert "Next: " in outcome.message and "Traceback" not in outcome.message, outcome.message

    ask()
