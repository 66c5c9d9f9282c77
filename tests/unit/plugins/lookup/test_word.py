# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words of playbooks: the prefix counts, the old name is taken with a warning, and nothing in the collection uses the old ones."""

from __future__ import annotations

import pathlib
import re
import subprocess
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar, trust_as_template

TOP = pathlib.Path(__file__).parents[4]


def word(name: str, variables: dict[str, Any], **options: Any) -> Any:
    templar = Templar(DataLoader(), variables=variables)
    plugin = lookup_loader.get("onprem.wandb.word", loader=DataLoader(), templar=templar)
    (found,) = plugin.run([name], variables=variables, **options)
    return found


@pytest.fixture(name="warnings")
def fixture_warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr("ansible.utils.display.Display.warning", lambda _self, text, *_rest, **_more: said.append(text))
    return said


def test_the_word_with_the_prefix(warnings: list[str]) -> None:
    assert word("confirm", {"op_confirm": "lab", "confirm": "armed by an inventory"}) == "lab"
    assert word("confirm", {"op_confirm": trust_as_template("{{ site }}"), "site": "lab"}) == "lab"
    assert warnings == []


def test_the_old_word_is_taken_with_a_warning(warnings: list[str]) -> None:
    assert word("confirm", {"confirm": "lab"}) == "lab"
    assert len(warnings) == 1 and "-e op_confirm=" in warnings[0]


def test_nobody_gave_it(warnings: list[str]) -> None:
    assert word("confirm", {}) == ""
    assert word("at_once", {}, default=False) is False
    assert warnings == []


def test_one_name(warnings: list[str]) -> None:
    plugin = lookup_loader.get("onprem.wandb.word", loader=DataLoader(), templar=Templar(DataLoader(), variables={}))
    with pytest.raises(AnsibleError, match="takes one name"):
        plugin.run([], variables={})


def words() -> set[str]:
    """Every word that a playbook asks for."""
    texts = [path.read_text(encoding="utf-8") for path in (TOP / "playbooks").glob("*.yml")]
    return {name for text in texts for name in re.findall(r"onprem\.wandb\.word', '(\w+)'", text)}


def test_no_text_of_the_project_tells_an_old_word() -> None:
    names = "|".join(sorted(words()))
    assert len(words()) > 10
    old = re.compile(rf"-e [\"']?(?:{names})[= ]|--extra-vars=(?:{names})=|-e '{{\"(?:{names})\"")
    places = ["README.md", "docs", "roles", "plugins", "playbooks", "molecule", "tests"]
    listed = subprocess.run(["git", "ls-files", *places], cwd=TOP, capture_output=True, text=True, check=True).stdout.split()
    paths = [TOP / name for name in listed if name.endswith((".md", ".yml", ".py", ".j2")) and not name.endswith("test_word.py")]
    assert [path.name for path in paths if old.search(path.read_text(encoding="utf-8", errors="replace"))] == []


def test_no_playbook_reads_a_word_without_the_lookup() -> None:
    for path in (TOP / "playbooks").glob("*.yml"):
        for name in words():
            assert not re.search(rf"{{{{ *{name} *\||\bwhen: {name}\b", path.read_text(encoding="utf-8")), (path.name, name)
