# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host program of a role with what it imports of the collection, as files for the host. PRIVATE to the collection.

A program imports the collection's library under its own name, as a module does, and runs where no Ansible is: the library's files lie beside it, at the
same place below ansible_collections. What is shipped follows from the imports and stands in no list.
"""

from __future__ import annotations

import ast
import pathlib
import typing as t

HOME = "ansible_collections.onprem.wandb.plugins.module_utils"
LIBRARY = pathlib.Path(__file__).parents[1] / "module_utils"


def of_role(place: pathlib.Path) -> dict[str, str]:
    """A module of a role, or all of a package."""
    if place.is_file():
        return {place.name: place.read_text(encoding="utf-8", errors="strict")}
    return {str(path.relative_to(place.parent)): path.read_text(encoding="utf-8", errors="strict") for path in sorted(place.rglob("*.py"))}


def imported(text: str, package: str) -> set[str]:
    """Full names behind the import statements of a module of this package. Some are modules, some are what a module defines."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            found |= {origin, *(f"{origin}.{one.name}" for one in node.names)}
    return found


def place_of(name: str) -> t.Optional[pathlib.Path]:
    """The file of a module of the library; None for what is none."""
    if not name.startswith(f"{HOME}."):
        return None
    stem = LIBRARY.joinpath(*name[len(HOME) + 1 :].split("."))
    return next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()), None)


def of_library(texts: t.Iterable[str]) -> dict[str, str]:
    """What these modules import of the library, what that imports, and so on. The packages above are regular ones, so none that is installed hides them."""
    found: dict[str, str] = {}
    todo = {name for text in texts for name in imported(text, "")}
    while todo:
        name = todo.pop()
        place = place_of(name)
        path = f"{HOME.replace('.', '/')}/{place.relative_to(LIBRARY)}" if place else ""
        if place and path not in found:
            found[path] = place.read_text(encoding="utf-8", errors="strict")
            todo |= imported(found[path], name if place.name == "__init__.py" else name.rpartition(".")[0])
            todo.add(name.rpartition(".")[0])
    for path in list(found):
        for above in list(pathlib.PurePosixPath(path).parents)[:-1]:
            found.setdefault(f"{above}/__init__.py", "")
    return found


def tree(places: t.Iterable[pathlib.Path]) -> dict[str, str]:
    """Text by path: the programs, and their part of the library."""
    own = {name: text for place in places for name, text in of_role(place).items()}
    return {**own, **of_library(own.values())}
