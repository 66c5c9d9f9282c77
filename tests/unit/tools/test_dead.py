"""The check for what nobody uses sees dead files and names, and no living ones."""

from __future__ import annotations

import pathlib

import pytest
from workshop import dead
from workshop.base import CheckFailed

ROLE = {
    "roles/cake/tasks/main.yml": "- import_tasks: bake.yml\n- ansible.builtin.template: {src: cake.conf.j2}\n",
    "roles/cake/tasks/bake.yml": "- ansible.builtin.copy: {src: crumbs}\n",
    "roles/cake/tasks/eat.yml": "[]\n",
    "roles/cake/templates/cake.conf.j2": "x\n",
    "roles/cake/files/crumbs": "x\n",
    "playbooks/eat.yml": "- include_role: {name: cake}\n  tasks_from: eat\n",
}


def tree(top: pathlib.Path, **more: str) -> pathlib.Path:
    for name, text in {**ROLE, **{name.replace("__", "/"): text for name, text in more.items()}}.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for folder in ("molecule", "tests"):
        (top / folder).mkdir(exist_ok=True)
    return top


def test_files_that_are_used(tmp_path: pathlib.Path) -> None:
    assert list(dead.role_files(tree(tmp_path))) == []


@pytest.mark.parametrize("name", ["roles/cake/tasks/burn.yml", "roles/cake/templates/icing.j2", "roles/cake/files/spoon"])
def test_files_that_nobody_uses(tmp_path: pathlib.Path, name: str) -> None:
    tree(tmp_path)
    (tmp_path / name).write_text("{}\n")
    (found,) = dead.role_files(tmp_path)
    assert found.startswith(name)


def test_an_entry_point_without_a_caller(tmp_path: pathlib.Path) -> None:
    (tree(tmp_path) / "playbooks/eat.yml").write_text("[]\n")
    (found,) = dead.role_files(tmp_path)
    assert found.startswith("roles/cake/tasks/eat.yml")


def test_a_row_of_versions_without_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(dead.components()) == []
    monkeypatch.setitem(dead.COMPONENTS, "cake_version", ("cake", ""))
    assert "cake_version" in next(dead.components())


def test_names(monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        "plugins/modules/a.py:3: unused function 'lonely' (60% confidence)\n"
        "plugins/modules/a.py:4: unused variable 'no_such_key_anywhere' (60% confidence)\n"
        "plugins/modules/a.py:5: unused variable 'inventory_hostname' (60% confidence)\n"
    )
    monkeypatch.setattr(dead, "run", lambda *_words, **_more: said)
    assert list(dead.names()) == ["plugins/modules/a.py:3: function lonely", "plugins/modules/a.py:4: variable no_such_key_anywhere"]


def test_all_of_it_is_one_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead, "names", lambda: iter(["a.py:1: function x"]))
    with pytest.raises(CheckFailed, match="1 things that nobody uses"):
        dead.dead()
