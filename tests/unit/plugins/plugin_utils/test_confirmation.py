# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A confirmation is the site's name, and an empty name confirms nothing."""

from __future__ import annotations

import ast
import re
import shlex
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.splitter import parse_kv
from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import plan
from ansible_collections.onprem.wandb.plugins.plugin_utils._confirmation import confirmed, problem

ROOT = Path(__file__).resolve().parents[4]
NOTHING = ["", " ", "\t\n", None]


@pytest.mark.parametrize("given", NOTHING)
@pytest.mark.parametrize("site", NOTHING)
def test_nothing_confirms_nothing(given: t.Any, site: t.Any) -> None:
    assert not confirmed(given, site)
    assert "site_name is empty" in problem(given, site, "This deletes all.", "ansible-playbook x")


@pytest.mark.parametrize(
    ("given", "site", "yes"),
    [
        ("lab", "lab", True),
        ("2026", 2026, True),  # -e gives text, the inventory may hold a number
        ("lab ", "lab", False),
        ("Lab", "lab", False),
        ("", "lab", False),
        (None, "lab", False),
        (True, "lab", False),
        ("None", None, False),
        (["lab"], "['lab']", False),
    ],
)
def test_only_the_name_confirms(given: t.Any, site: t.Any, yes: bool) -> None:
    assert confirmed(given, site) is yes
    assert (problem(given, site, "This deletes all.", "ansible-playbook x") == "") is yes


def test_the_refusal_says_what_was_seen_and_what_to_type() -> None:
    said = problem("lap", "lab", "reset.yml deletes everything.", "ansible-playbook onprem.wandb.reset -i <inventory>")
    assert said == (
        "reset.yml deletes everything. Nothing was changed. Seen: op_confirm=lap; expected: the site's name, lab. "
        "Next: ansible-playbook onprem.wandb.reset -i <inventory> -e op_confirm=lab"
    )
    assert "Seen: accept_data_loss=(not given)" in problem("", "lab", "x.", "y", "accept_data_loss")


@pytest.mark.parametrize("name", ["lab", "the lab", "it's", 'a "b"', "a\\nb", "größe", "a=b", "$HOME `id`", "2026", "#1", "a\tb", "{a}", "@x", "tom&co;x"])
def test_what_is_printed_confirms_when_it_is_pasted(name: str) -> None:
    """`-e op_confirm='the lab'` is the word op_confirm=the and another one, to Ansible: the refusal came again, whatever was pasted."""
    for said in (
        problem("", name, "x.", "ansible-playbook onprem.wandb.reset -i site").partition("Next: ")[2],
        plan.call("degrade", {"confirm": name}, reason=name).replace("<inventory>", "site"),
    ):
        words = shlex.split(said)
        loader = DataLoader()
        given: dict[str, t.Any] = {}
        for word in (words[at + 1] for at, option in enumerate(words) if option == "-e"):
            given |= loader.load(word) if word[0] in "[{" else parse_kv(word)  # as ansible.utils.vars.load_extra_vars does
        assert {"op_confirm": name} == {key: value for key, value in given.items() if key != "op_reason"}, said
        assert given.get("op_reason", name) == name, said


# Where a comparison of a confirmation could be written by hand: everything that runs, and not this one function.
WORDS = r"(?:\w*site_name|\w*confirm|accept_data_loss|\w*accept_loss)"
JINJA = re.compile(rf"\b{WORDS}\b(?:\s*\|\s*default\([^)]*\))?[)\s]*[=!]=|[=!]=[(\s]*{WORDS}\b")
OPERAND = re.compile(rf"\b{WORDS}\b")


def by_hand(name: str, text: str) -> list[str]:
    """The lines of a file that compare a confirmation: in Python by its syntax, elsewhere by its words."""
    if not name.endswith(".py"):
        return [f"{name}: {line.strip()}" for line in text.splitlines() if JINJA.search(line)]
    compares = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Eq, ast.NotEq))]
    sides = [(node, side) for node in compares for side in (node.left, *node.comparators) if OPERAND.search(ast.unparse(side))]
    return [f"{name}: {ast.unparse(node)}" for node, _side in sides]


def test_nobody_compares_by_hand() -> None:
    found = []
    for folder in ("playbooks", "plugins", "roles"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".yml", ".j2") and path.name not in ("_confirmation.py", "argument_specs.yml"):
                found += by_hand(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    assert found == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("x.yml", "that: minio_backup_confirm == site_name"),
        ("x.yml", "- (confirm | default('')) == site_name"),
        ("x.yml", "that: not mysql_backup_adopt | bool or mysql_backup_confirm != site_name"),
        ("x.yml", '"{{ mysql_accept_loss | length > 0 and mysql_accept_loss == mysql_site_name }}"'),
        ("x.py", 'accepted = options.get("accept_data_loss") == options.get("site_name")'),
        ("x.py", 'if options[name] != options.get("site_name"): pass'),
        ("x.py", 'if "" == params["confirm"]: pass'),
    ],
)
def test_a_comparison_by_hand_would_be_found(name: str, line: str) -> None:
    assert by_hand(name, line)


def test_every_playbook_that_takes_a_confirmation_leads_to_the_function() -> None:
    """What reads confirm or accept_data_loss hands it to a role file or plan that asks the function."""
    takes = re.compile(r"onprem\.wandb\.word', '(confirm|accept_data_loss)'")
    asks = [path for path in (ROOT / "playbooks").glob("*.yml") if takes.search(path.read_text(encoding="utf-8"))]
    assert len(asks) >= 6
    asked = "onprem.wandb.confirmation_problem"
    ends = {"mysql": "onprem.wandb.mysql_plan(mysql_procedure, __mysql_options)", "mysql_backup": asked, "minio_backup": asked}
    for path in asks:
        text = path.read_text(encoding="utf-8")
        found = re.search(r"name: onprem\.wandb\.(\w+)\n\s+tasks_from: (\w+)\n\s+vars:", text)
        if not found:
            assert asked in text, path.name
            continue
        role, entry = found.groups()
        assert ends[role] in (ROOT / "roles" / role / "tasks" / f"{entry}.yml").read_text(encoding="utf-8"), path.name
    for name in ("plan.py", "failover.py", "procedures.py"):
        tree = ast.parse((ROOT / "plugins/plugin_utils/_mysql" / name).read_text(encoding="utf-8"))
        names = {alias.name for one in ast.walk(tree) if isinstance(one, ast.ImportFrom) for alias in one.names}
        assert names & {"_confirmation", "must_confirm", "must_accept_loss"}, name
