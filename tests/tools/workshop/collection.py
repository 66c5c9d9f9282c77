"""The collection as data: roles with their specs, defaults and texts; used by docs, agreement and galaxy."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .base import ROLES, TOP, CheckFailed


class Loader(yaml.SafeLoader):
    """YAML with Ansible's tags (!vault, !unsafe): their content is plain data here."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None)


def load(path: Path) -> Any:
    """The content of a YAML file; an empty file is an empty mapping."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=Loader) or {}
    except yaml.YAMLError as error:
        raise CheckFailed(f"{path} is no valid YAML: {error}") from error


@dataclass
class Role:
    """One role: what it says about itself."""

    name: str
    path: Path
    defaults: dict[str, Any] = field(default_factory=dict)
    private: dict[str, Any] = field(default_factory=dict)
    specs: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, Any]:
        """Public variables of all entry points."""
        return {name: option for spec in self.specs.values() for name, option in (spec.get("options") or {}).items()}


def role(path: Path) -> Role:
    """Read one role; what is missing is empty."""

    def part(name: str) -> Any:
        return load(path / name) if (path / name).is_file() else {}

    specs = part("meta/argument_specs.yml").get("argument_specs") or {}
    meta = part("meta/main.yml").get("galaxy_info") or {}
    return Role(path.name, path, part("defaults/main.yml"), part("vars/main.yml"), specs, meta)


def roles(top: Path = TOP) -> list[Role]:
    """Every role that has at least one file; none at all is a failure."""
    folder = top / ROLES.relative_to(TOP)
    found = [role(path) for path in sorted(folder.iterdir()) if path.is_dir() and any(part.is_file() for part in path.rglob("*"))] if folder.is_dir() else []
    if not found:
        raise CheckFailed(f"no role in {folder}: there is nothing to check.")
    return found


def templated(value: Any) -> bool:
    """Whether a default is computed: it, or something in it, is a template."""
    if isinstance(value, dict):
        return any(templated(part) for part in [*value, *value.values()])
    if isinstance(value, list):
        return any(templated(part) for part in value)
    return isinstance(value, str) and bool(re.search(r"{{|{%", value))
