"""Which variables a role's files name: every template and every bare expression, parsed, not grepped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from .base import CheckFailed
from .collection import Role, load

JINJA = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
BARE = {"when", "until", "that", "changed_when", "failed_when"}  # keywords whose strings are expressions without braces
LOOKED_UP = re.compile(r"^[a-z][a-z0-9_]*$")


def names(text: str, where: Path) -> set[str]:
    """Names a template reads: free variables, and strings looked up as hostvars[h]['name'] or vars['name']."""
    try:
        tree = JINJA.parse(text)
    except TemplateSyntaxError as error:
        raise CheckFailed(f"{where}: {error.message} in {text[:120]!r}") from error
    free = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"}
    keys = {node.arg.value for node in tree.find_all(nodes.Getitem) if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str)}
    keys |= {node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str)}
    return free | {key for key in keys if LOOKED_UP.match(key)}


def free(text: str, where: Path) -> set[str]:
    """Only the free variables of a template."""
    try:
        tree = JINJA.parse(text)
    except TemplateSyntaxError as error:
        raise CheckFailed(f"{where}: {error.message} in {text[:120]!r}") from error
    local = {node.name for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param")}
    return {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"} - local


def templates(value: Any, bare: bool = False) -> Iterator[str]:
    """Every template inside a piece of YAML; bare expressions get their braces."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from templates(key)
            yield from templates(part, bare=key in BARE)
    elif isinstance(value, list):
        for part in value:
            yield from templates(part, bare)
    elif isinstance(value, str):
        if bare and "{{" not in value and "{%" not in value:
            yield "{{ " + value + " }}"
        elif "{{" in value or "{%" in value:
            yield value


def role_texts(role: Role) -> Iterator[tuple[Path, str]]:
    """All templates of a role with the file each stands in."""
    for path in sorted(role.path.rglob("*")):
        if path.suffix in (".yml", ".yaml") and path.parent.name in ("tasks", "handlers", "defaults", "vars", "meta") and path.name != "argument_specs.yml":
            for text in templates(load(path)):
                yield path, text
        elif path.suffix == ".j2" and path.is_file():
            yield path, path.read_text(encoding="utf-8")


def defined_in_tasks(value: Any) -> set[str]:
    """Names that tasks themselves create: register, set_fact, vars, loop_var."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "register" and isinstance(part, str):
                found.add(part)
            elif key in ("vars", "ansible.builtin.set_fact", "set_fact") and isinstance(part, dict):
                found |= set(part)
            elif key == "loop_control" and isinstance(part, dict):
                found |= {part[name] for name in ("loop_var", "index_var") if name in part}
            found |= defined_in_tasks(part)
    elif isinstance(value, list):
        for part in value:
            found |= defined_in_tasks(part)
    return found
