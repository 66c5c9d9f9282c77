"""docs/adding-a-layer.md is complete: a layer that is added by it to a copy of the project agrees, and each place that is left out is named."""

from __future__ import annotations

import pathlib
import re
import shutil
from collections.abc import Callable

import pytest
from workshop import layers

TOP = pathlib.Path(__file__).parents[3]
PLACES = ("roles", "playbooks", "plugins/plugin_utils/_preflight", "inventories/sample", "lab/lablib/config.py", "README.md")
RESET = """
- name: Remove the cake
  hosts: cake
  tasks:
    - name: Remove it
      ansible.builtin.include_role: {name: onprem.wandb.cake, tasks_from: reset}
"""


def put(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def edit(path: pathlib.Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text, (path, before)
    path.write_text(text.replace(before, after, 1))


def append(path: pathlib.Path, text: str) -> None:
    path.write_text(path.read_text() + text)


# The file, as the document names it, and what is done there.
STEPS: dict[str, Callable[[pathlib.Path], None]] = {
    "playbooks/<layer>.yml": lambda top: put(top / "playbooks/cake.yml", "---\n- name: Bake\n  hosts: cake\n  roles:\n    - onprem.wandb.cake\n"),
    "playbooks/site.yml": lambda top: append(top / "playbooks/site.yml", "\n- name: Bake\n  ansible.builtin.import_playbook: cake.yml\n"),
    "playbooks/reset.yml": lambda top: append(top / "playbooks/reset.yml", RESET),
    "KNOWN_GROUPS": lambda top: edit(top / "plugins/plugin_utils/_preflight/model.py", '"mysql", "redis", "minio")', '"mysql", "redis", "minio", "cake")'),
    "ROLE_TARGETS": lambda top: edit(top / "plugins/plugin_utils/_preflight/model.py", '    "host": "all",\n', '    "host": "all",\n    "cake": ("cake",),\n'),
    "inventories/sample/hosts.yml": lambda top: append(top / "inventories/sample/hosts.yml", "    cake:\n      hosts:\n        store1.example.com:\n"),
    "lab/lablib/config.py": lambda top: edit(top / "lab/lablib/config.py", '["redis", "minio"]', '["redis", "minio", "cake"]'),
    "README.md": lambda top: edit(top / "README.md", "| Redis 7 |", "| cake | [cake](roles/cake/README.md) | `onprem.wandb.cake` |\n| Redis 7 |"),
}


def project(top: pathlib.Path) -> pathlib.Path:
    """A copy of what the check reads, with the role alone."""
    for name in PLACES:
        source, target = TOP / name, top / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__")) if source.is_dir() else shutil.copy2(source, target)
    put(top / "roles/cake/meta/main.yml", "galaxy_info: {description: Cake}\n")
    put(top / "roles/cake/tasks/main.yml", "[]\n")
    put(top / "roles/cake/tasks/reset.yml", "[]\n")
    return top


def test_the_project_agrees() -> None:
    assert list(layers.layers()) == []


def test_a_layer_added_by_the_document_agrees(tmp_path: pathlib.Path) -> None:
    project(tmp_path)
    for step in STEPS.values():
        step(tmp_path)
    assert list(layers.layers(tmp_path)) == []


@pytest.mark.parametrize("left", STEPS)
def test_a_place_that_is_left_out_is_named(tmp_path: pathlib.Path, left: str) -> None:
    project(tmp_path)
    for name, step in STEPS.items():
        if name != left:
            step(tmp_path)
    found = list(layers.layers(tmp_path))
    place = {"playbooks/<layer>.yml": "playbooks", "KNOWN_GROUPS": "KNOWN_GROUPS", "ROLE_TARGETS": "ROLE_TARGETS"}.get(left, left)
    assert found and all("cake" in line for line in found), found
    assert any(place in line for line in found), found


@pytest.mark.parametrize("place", STEPS)
def test_the_document_names_every_place(place: str) -> None:
    always = (TOP / "docs/adding-a-layer.md").read_text().split("## Always")[1].split("## Where it applies")[0]
    assert re.search(rf"`[^`]*{re.escape(place)}[^`]*`", always)


def test_every_file_that_the_document_names_is_there() -> None:
    text = (TOP / "docs/adding-a-layer.md").read_text()
    named = [name for name in re.findall(r"`([\w./]+\.(?:py|yml|md))`", text) if "/" in name]
    assert len(named) > 8
    for name in named:
        found = (TOP / name).exists() or (TOP / "plugins" / name).exists() or list((TOP / "plugins").rglob(name)) or list((TOP / "roles/host").glob(name))
        assert found, name
