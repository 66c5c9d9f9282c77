# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a role or module refuses in a variable is said by preflight before, or the list says why that cannot be."""

from __future__ import annotations

import ast
import importlib
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.plugin_utils import _catalogue
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import CONTROLLER, Host, PlainVariables, Site
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import evaluate
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.values import load_options
from workshop.collection import load

TOP = pathlib.Path(__file__).parents[3]
LISTED: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load((TOP / "tests/refusals.yml").read_text(encoding="utf-8"))
REFUSES = ("ansible.builtin.assert", "ansible.builtin.fail", "onprem.wandb.check_variables")
INSIDE = ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks")
DOORS = ("action/", "lookup/", "filter/")
PACKAGES = ("_preflight.rules", "_rules")
ENTRIES = [(kind, name) for kind, entries in LISTED.items() for name in entries]
GROUPS = {"kube_control_plane": ["cp1"], "kube_node": ["node1"], "mysql": ["db1", "db2"], "redis": ["store1"], "minio": ["store1"]}
PLAIN = {"site_name": "x", "wandb_fqdn": "wandb.example.com", "mysql_version": "8.4.11"}


def refusing(tasks: Any) -> Iterator[str]:
    """Names of the tasks that refuse."""
    for task in tasks or []:
        for key in INSIDE:
            yield from refusing(task.get(key))
        if any(name in task for name in REFUSES):
            yield str(task["name"])


def in_tasks() -> list[str]:
    """All of roles and playbooks, as the list names them."""
    paths = [*TOP.glob("playbooks/*.yml"), *TOP.glob("playbooks/tasks/*.yml"), *TOP.glob("roles/*/tasks/*.yml")]
    return [f"{path.relative_to(TOP)}: {name}" for path in sorted(paths) for name in refusing(load(path))]


def ends_a_task(node: ast.AST, door: bool) -> bool:
    """A call of fail_json; in a plugin of the controller, a door, also what is raised or returned as failed."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "fail_json"
    if isinstance(node, ast.Raise):
        return door and isinstance(node.exc, ast.Call)
    if not door or not isinstance(node, ast.Dict):
        return False
    failed = [value for key, value in zip(node.keys, node.values) if isinstance(key, ast.Constant) and key.value == "failed"]
    return any(not (isinstance(value, ast.Constant) and not value.value) for value in failed)


def counted(source: str, door: bool) -> int:
    return sum(ends_a_task(node, door) for node in ast.walk(ast.parse(source)))


def in_plugins() -> dict[str, int]:
    """File to the number of its places that end a task."""
    top = TOP / "plugins"
    names = {path: str(path.relative_to(top)) for path in sorted(top.rglob("*.py"))}
    found = {name: counted(path.read_text(encoding="utf-8"), name.startswith(DOORS)) for path, name in names.items()}
    return {name: count for name, count in found.items() if count}


def exists(rule: str) -> bool:
    """Whether a rule is where its name says."""
    topic, _dot, name = rule.partition(".")
    for package in PACKAGES:
        try:
            module = importlib.import_module(f"ansible_collections.onprem.wandb.plugins.plugin_utils.{package}.{topic}")
        except ImportError:
            continue
        if hasattr(module, name):
            return True
    return False


def said(bad: dict[str, Any]) -> set[str]:
    """Variables that preflight speaks of at a site with these values, beyond what it says of the same site without them."""

    def spoken(given: dict[str, Any]) -> set[tuple[str, str]]:
        groups = {**GROUPS, "all": sorted({name for names in GROUPS.values() for name in names})}
        hosts = {}
        for number, name in enumerate(groups["all"], 1):
            own = PlainVariables({**PLAIN, **given, "ansible_host": f"192.0.2.{number}"})
            hosts[name] = Host(name, frozenset(group for group, names in GROUPS.items() if name in names), own)
        site = Site(hosts, Host(CONTROLLER, variables=PlainVariables({**PLAIN, **given})), groups, load_options(), _catalogue.load())
        return {(finding.variable.split(".")[0].split("[")[0], finding.value) for finding in evaluate(site)}

    return {variable for variable, _value in spoken(bad) - spoken({})}


def test_every_refusal_is_listed() -> None:
    assert sorted(LISTED["tasks"]) == sorted(set(in_tasks()))
    assert {name: entry["count"] for name, entry in LISTED["sites"].items()} == in_plugins()


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_preflight_says_it_first_or_cannot(kind: str, name: str) -> None:
    entry = LISTED[kind][name]
    assert set(entry) <= {"preflight", "bad", "measured", *(["count"] if kind == "sites" else [])}
    assert entry.get("measured") or (entry.get("preflight") and entry.get("bad")), entry
    assert [rule for rule in entry.get("preflight", []) if not exists(rule)] == []
    if entry.get("bad"):
        assert said(entry["bad"]) & set(entry["bad"]), said(entry["bad"])


def test_a_rule_that_is_gone_and_a_value_that_is_good_are_noticed() -> None:
    assert not exists("mysql.nosuch") and not exists("nosuch.mysql")
    assert not said({"mysql_socket": "/run/mysqld/mysqld.sock"})


def test_a_task_that_refuses_is_found_wherever_it_stands() -> None:
    inner = [{"name": "in it", "ansible.builtin.fail": {}}]
    assert list(refusing([{"name": "a", "block": inner, "rescue": inner}, {"name": "b", "ansible.builtin.assert": {}}])) == ["in it", "in it", "b"]


def test_a_place_that_ends_a_task_is_counted() -> None:
    assert counted("def f(module):\n    module.fail_json(msg='x')\n    self.module.fail_json(msg='y')\n    raise ValueError('z')\n", door=False) == 2
    assert counted("def run():\n    raise AnsibleError('x')\n    return {**result, 'failed': True}\n    return {'failed': False}\n", door=True) == 2
    assert counted("raise\n", door=True) == 0
