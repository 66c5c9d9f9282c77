# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shipped with a host program is what it imports, and it runs where no Ansible is."""

from __future__ import annotations

import ast
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.onprem.wandb.plugins.plugin_utils import _programs

ROLES = pathlib.Path(__file__).parents[4] / "roles"
PROGRAMS = {
    "minio_backup": (["minio_backup"], ["minio_backup.cli"]),
    "mysql": (["mysql_role_guard.py", "mysql_writable.py"], ["mysql_role_guard", "mysql_writable"]),
    "mysql_backup": (["mysql_backup"], ["mysql_backup.cli"]),
}
LIBRARY = "ansible_collections/onprem/wandb/plugins/module_utils"


def tree(role: str) -> dict[str, str]:
    return _programs.tree([ROLES / role / "files" / name for name in PROGRAMS[role][0]])


@pytest.mark.parametrize(
    ("text", "package", "names"),
    [
        ("import a.b", "", {"a.b"}),
        ("from a import b as c, d", "", {"a", "a.b", "a.d"}),
        ("from . import x", "p.q", {"p.q", "p.q.x"}),
        ("from .x import y", "p.q", {"p.q.x", "p.q.x.y"}),
        ("from ..x import (\n    y,\n    z,\n)", "p.q", {"p.x", "p.x.y", "p.x.z"}),
        ("if 1:\n    def f():\n        from .late import y", "p", {"p.late", "p.late.y"}),
    ],
)
def test_every_form_of_an_import_is_followed(text: str, package: str, names: set[str]) -> None:
    assert _programs.imported(text, package) == names


def test_modules_import_others_and_packages_are_regular_ones() -> None:
    found = _programs.of_library([f"from {_programs.HOME}._mysql import journal, term"])
    own = {name.rpartition("/")[2] for name in found if name.startswith(f"{LIBRARY}/_mysql/")}
    assert own == {"__init__.py", "journal.py", "term.py", "server.py", "sessions.py"}
    assert found["ansible_collections/__init__.py"] == found[f"{LIBRARY}/__init__.py"] == ""
    assert "PRIVATE" in found[f"{LIBRARY}/_mysql/__init__.py"]


@pytest.mark.parametrize("role", PROGRAMS)
def test_the_role_ships_what_lies_in_its_directory(role: str) -> None:
    there = {str(path.relative_to(ROLES / role / "files")) for path in (ROLES / role / "files").rglob("*.py")}
    assert {name for name in tree(role) if not name.startswith("ansible_collections/")} == there


@pytest.mark.parametrize("role", PROGRAMS)
def test_the_lookup_finds_them_in_the_role(role: str, tmp_path: pathlib.Path) -> None:
    names = ", ".join(repr(str(ROLES / role / "files" / name)) for name in PROGRAMS[role][0])
    expression = trust_as_template("{{ lookup('onprem.wandb.programs', %s) }}" % names)
    assert Templar(DataLoader(), variables={}).template(expression) == tree(role)


# A host: the standard library, PyMySQL, and what was shipped.
HOST = """
import sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("ansible", "yaml", "jinja2"):
            raise ImportError(name + " is not on a host")
sys.meta_path.insert(0, Refused())
sys.path[0:0] = [sys.argv[1]]
for name in sys.argv[2:]:
    __import__(name)
    assert callable(sys.modules[name].main)
strangers = {m.__file__ for n, m in sys.modules.items() if n.startswith("ansible_collections") and not (m.__file__ or "").startswith(sys.argv[1])}
assert not strangers, strangers
"""


def written(role: str, place: pathlib.Path) -> pathlib.Path:
    for name, text in tree(role).items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


@pytest.mark.parametrize("role", PROGRAMS)
def test_it_loads_on_a_host_without_ansible(role: str, tmp_path: pathlib.Path) -> None:
    done = subprocess.run([sys.executable, "-c", HOST, written(role, tmp_path), *PROGRAMS[role][1]], check=False, capture_output=True, text=True, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")


def late(module: str) -> t.Iterator[str]:
    """Imports of ours inside functions: they would be read from a version that may be gone by then."""
    for function in ast.walk(ast.parse(module)):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith(_programs.HOME)):
                    yield f"{function.name}: {ast.unparse(node)}"


def test_a_late_import_is_seen() -> None:
    assert list(late("def f():\n    from . import x")) == ["f: from . import x"]


@pytest.mark.parametrize("role", PROGRAMS)
def test_everything_is_loaded_at_the_start(role: str) -> None:
    assert {name: found for name, text in tree(role).items() if (found := list(late(text)))} == {}
