# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: variables of hosts for the rules, templated on demand, with the defaults of the roles underneath.

This is the only file of preflight that knows Ansible's templating. A variable that cannot be evaluated becomes an entry in `errors`.
Templates that would generate a secret (lookup password writes its file) are never evaluated.
"""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

COLLECTION = pathlib.Path(__file__).resolve().parents[3]
# Also what only reads one: without its file it ends the task, which is not for preflight to do.
GENERATES = re.compile(r"""(lookup|query|q)\(\s*['"](onprem\.wandb\.secret|(ansible\.builtin\.)?password)['"]""")
HIDDEN = "generated"  # stands for a secret that must not be made yet


def role_files(kind: str) -> Iterator[tuple[str, pathlib.Path]]:
    """One file of every role of the collection that has it."""
    for directory in sorted((COLLECTION / "roles").iterdir()):
        path = directory / kind
        if path.is_file():
            yield directory.name, path


def load_variables(kind: str) -> dict[str, dict[str, Any]]:
    """Defaults or vars of every role, as templates. Nobody changes them, so no copy is made, which takes longer than reading does."""
    loader = DataLoader()
    return {role: dict(loader.load_from_file(str(path), cache="none", unsafe=True, trusted_as_template=True) or {}) for role, path in role_files(kind)}


def load_options() -> dict[str, dict[str, Any]]:
    """Options of every role from its argument spec."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # five times as fast where PyYAML was built with libyaml
    return {role: options(yaml.load(path.read_bytes(), Loader=loader) or {}) for role, path in role_files("meta/argument_specs.yml")}


def options(content: Mapping[str, Any]) -> dict[str, Any]:
    """Options of all entry points of an argument spec. What another one than main requires, its playbook gives."""
    merged: dict[str, Any] = {}
    entries = content.get("argument_specs") or {}
    for name in sorted(entries, key=lambda name: name == "main"):
        for option, meaning in ((entries[name] or {}).get("options") or {}).items():
            merged[option] = meaning if name == "main" else {**meaning, "required": False}
    return merged


def generates_secret(raw: Any) -> bool:
    """Whether evaluating a value would write a secret."""
    if isinstance(raw, str):
        return bool(GENERATES.search(raw))
    if isinstance(raw, dict):  # and not any Mapping: hostvars evaluates what it is asked for
        return any(generates_secret(value) for value in raw.values())
    return isinstance(raw, (list, tuple)) and any(generates_secret(value) for value in raw)


class TemplatedVariables:
    """Variables of one host."""

    def __init__(self, templar: Any, raw: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        self._raw = raw
        self._all = {**defaults, **raw}
        self._templar = templar.copy_with_new_env(available_variables=self._all)
        self._values: dict[str, Any] = {}
        self.errors: dict[str, str] = {}

    def is_supplied(self, name: str) -> bool:
        return name in self._raw

    def supplied(self) -> Iterator[str]:
        return (name for name in self._raw if isinstance(name, str) and not name.startswith(("ansible_", "_")))

    def get(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = self._evaluate(name)
        return self._values[name]

    def _evaluate(self, name: str) -> Any:
        if name not in self._all:
            return None
        raw = self._all[name]
        if generates_secret(raw) or self._reaches_secret(raw):
            return None if name not in self._raw else HIDDEN
        try:
            return self._templar.template(raw)
        except AnsibleError as error:
            self.errors[name] = sentence(error)
        except Exception as error:  # a filter may raise anything, and a stack trace helps nobody here
            self.errors[name] = sentence(error)
        return None

    def _reaches_secret(self, raw: Any, depth: int = 0) -> bool:
        """Whether a template refers to a variable that would generate a secret."""
        if depth > 8 or not isinstance(raw, str) or "{" not in raw:
            return False
        for word in set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", raw)):
            value = self._all.get(word) if word in self._all and self._all[word] is not raw else None
            if value is not None and (generates_secret(value) or self._reaches_secret(value, depth + 1)):
                return True
        return False


def sentence(error: Exception) -> str:
    """The line of an error that names the cause; whole where it says what to do next."""
    message = getattr(error, "message", "") or str(error)
    lines = [line.strip() for line in str(message).splitlines() if line.strip()]
    line = lines[0] if lines else type(error).__name__
    return line if "Next: " in line else line[:200]


def read_file(path: str) -> bytes | None:
    """A file of the controller, or None."""
    try:
        return pathlib.Path(os.path.expanduser(path)).read_bytes()
    except OSError:
        return None
