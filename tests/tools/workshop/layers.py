"""A layer stands in every place that docs/adding-a-layer.md names; what is forgotten is named. Reads text only, so that a test can try it on a copy."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .base import TOP
from .collection import load

TARGET_EXCEPTIONS = {"accept", "bucket_check"}  # they ask from every kind of machine; their plays name the groups


def layers(top: Path = TOP) -> Iterator[str]:
    """Every place that is missing, as file and sentence."""
    roles = sorted(path.parent.parent.name for path in (top / "roles").glob("*/meta/main.yml"))
    plays = {path.name: load(path) or [] for path in sorted((top / "playbooks").glob("*.yml"))}
    site = {Path(str(play.get("ansible.builtin.import_playbook", ""))).name for play in plays["site.yml"]}
    model = (top / "plugins/plugin_utils/_preflight/model.py").read_text(encoding="utf-8")
    groups = constant(model, "KNOWN_GROUPS", {"KUBE_GROUPS": constant(model, "KUBE_GROUPS", {})})
    targets = re.search(r"ROLE_TARGETS[^{]*{(.*?)^}", model, re.MULTILINE | re.DOTALL)
    named = set(re.findall(r'"(\w+)":', targets[1] if targets else ""))
    readme = (top / "README.md").read_text(encoding="utf-8")
    sample = inventory_groups(load(top / "inventories/sample/hosts.yml"))
    lab = (top / "lab/lablib/config.py").read_text(encoding="utf-8")
    reset = "\n".join(str(play) for play in plays["reset.yml"])
    for role in roles:
        used = {name: play for name, content in plays.items() for play in content if f"onprem.wandb.{role}'" in str(play)}
        if not used:
            yield f"playbooks: no play runs role {role}"
        elif not set(used) & site and role not in TARGET_EXCEPTIONS:
            yield f"playbooks/site.yml: it imports none of {', '.join(used)}, so the site lacks role {role}"
        if (top / "roles" / role / "tasks/reset.yml").is_file() and f"onprem.wandb.{role}'" not in reset:
            yield f"playbooks/reset.yml: role {role} has tasks/reset.yml, and reset does not call it"
        if f"roles/{role}/README.md" not in readme:
            yield f"README.md: the tables of layers and commands do not name role {role}"
        on_hosts = {word for play in used.values() for word in hosts_of(play) if word in groups or word == "all"}
        if on_hosts and role not in named and role not in {"certificates", "verify", *TARGET_EXCEPTIONS}:
            yield f"plugins/plugin_utils/_preflight/model.py: ROLE_TARGETS lacks {role}, so preflight looks for its variables on the controller"
    for name, content in plays.items():
        for word in {word for play in content for word in hosts_of(play)} - {"all", "localhost", *groups}:
            yield f"plugins/plugin_utils/_preflight/model.py: KNOWN_GROUPS lacks {word}, which playbooks/{name} runs on"
    for group in groups:
        if group not in sample:
            yield f"inventories/sample/hosts.yml: group {group} is missing"
        if f'"{group}"' not in lab:
            yield f"lab/lablib/config.py: no lab host is in group {group}"


def constant(text: str, name: str, known: dict[str, Any]) -> tuple[str, ...]:
    """A tuple of texts that a module assigns; names in it are taken from `known`."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            parts = node.value.elts if isinstance(node.value, ast.Tuple) else []
            names = [known[ast.unparse(part.value)] if isinstance(part, ast.Starred) else (ast.literal_eval(part),) for part in parts]
            return tuple(str(word) for words in names for word in words)
    return ()


def hosts_of(play: Any) -> list[str]:
    """Group names of a play's host pattern; a templated pattern counts for nothing."""
    pattern = str(play.get("hosts", "")) if isinstance(play, dict) else ""
    return [] if "{" in pattern else [word for word in re.split(r"[:,]", pattern) if re.fullmatch(r"\w+", word)]


def inventory_groups(content: Any) -> set[str]:
    """Names of all groups of an inventory in YAML."""
    found: set[str] = set()
    for name, group in (content or {}).items():
        found.add(name)
        found |= inventory_groups((group or {}).get("children"))
    return found
