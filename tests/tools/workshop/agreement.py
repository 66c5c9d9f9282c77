"""Argument specifications, defaults, use and inventories agree; each disagreement is one line that names role, variable and file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import layers, variables
from .base import TOP, CheckFailed, files, some
from .collection import Role, load, roles, templated

SITE = {"site_name", "wandb_fqdn", "site_secrets_dir", "site_accept_new_secrets", "site_kubeconfig", "artifacts_mirror", "artifacts_overrides", "host_address"}
KNOWN_COLLECTIONS = {"ansible.mysql", "ansible.netcommon", "ansible.posix", "ansible.utils", "kubernetes.core"} | {
    f"community.{name}" for name in ("aws", "crypto", "docker", "general", "hashi_vault", "library_inventory_filtering_v1", "mysql", "okd")
}
TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "path": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "raw": (object,),
}


def agreement() -> str:
    """Every disagreement at once."""
    found = roles()
    problems = [f"{role.name}: {problem}" for role in found for problem in role_problems(role, found)]
    inventories = some(sorted(path for path in (TOP / "inventories").rglob("*.yml") if "secrets" not in path.parts), "inventory file")
    problems += list(inventory_problems(inventories, found))
    problems += list(collection_problems())
    problems += list(layers.layers())
    problems += list(readme_problems((TOP / "README.md").read_text(encoding="utf-8"), load(TOP / "inventories/sample/group_vars/all.yml")))
    if problems:
        raise CheckFailed(f"{len(problems)} disagreements:\n  " + "\n  ".join(problems))
    return f"{len(found)} roles, {sum(len(role.options) for role in found)} variables, {len(inventories)} inventory files"


def role_problems(role: Role, everyone: list[Role]) -> Iterator[str]:
    """What is wrong inside one role."""
    if not role.specs:
        yield "meta/argument_specs.yml is missing or names no entry point"
        return
    if not role.meta.get("description"):
        yield "meta/main.yml has no galaxy_info.description"
    for entry, spec in role.specs.items():
        texts = spec.get("description", [])
        for text in [texts] if isinstance(texts, str) else texts:
            if not isinstance(text, str):
                yield f"a description of entry point {entry} is no text but {text!r}: quote it"
    yield from keys(role)
    yield from values(role)
    yield from use(role, everyone)


def keys(role: Role) -> Iterator[str]:
    """The same names in defaults and specification, with the role's prefix."""
    options = role.options
    for name in sorted(set(role.defaults) - set(options)):
        yield f"{name} is in defaults/main.yml but not in meta/argument_specs.yml"
    for name, option in sorted(options.items()):
        if name not in role.defaults and not option.get("required"):
            yield f"{name} is in meta/argument_specs.yml, is not required, and has no default in defaults/main.yml"
        if name in role.defaults and option.get("required"):
            yield f"{name} is required in meta/argument_specs.yml but defaults/main.yml gives it a value"
    for name in sorted(set(options) | set(role.defaults)):
        if not name.startswith(role.name + "_") and name not in SITE:
            yield f"{name} does not begin with {role.name}_ and is no variable of the site"
    for name in sorted(role.private):
        if not name.startswith("__"):
            yield f"{name} in vars/main.yml does not begin with __: private variables do"


def values(role: Role) -> Iterator[str]:
    """Literal defaults are the same in both files and fit the type; computed ones stand in defaults/main.yml only."""
    for name, option in sorted(role.options.items()):
        yield from option_problems(name, option)
        if name not in role.defaults:
            continue
        value = role.defaults[name]
        if templated(value):
            if "default" in option:
                yield f"{name} is computed in defaults/main.yml, but meta/argument_specs.yml has default {option['default']!r}: say it in the description"
        elif "default" not in option:
            if value is not None:
                yield f"{name} has the default {value!r} in defaults/main.yml and none in meta/argument_specs.yml"
        elif (type(option["default"]), option["default"]) != (type(value), value):
            yield f"{name} has the default {value!r} in defaults/main.yml and {option['default']!r} in meta/argument_specs.yml"
        else:
            wanted = TYPES.get(option.get("type", "str"), (object,))
            if value is not None and (not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted and object not in wanted)):
                yield f"{name} has the default {value!r}, which is no {option.get('type', 'str')}"


def option_problems(name: str, option: dict[str, Any]) -> Iterator[str]:
    """Each option has a type and a description, also inside structures."""
    if "type" not in option:
        yield f"{name} has no type in meta/argument_specs.yml"
    if not option.get("description"):
        yield f"{name} has no description in meta/argument_specs.yml"
    texts = option.get("description") or []
    if not all(isinstance(text, str) for text in ([texts] if isinstance(texts, str) else texts)):
        yield f"{name} has a description that is no text in meta/argument_specs.yml: quote it"
    if option.get("type") == "list" and "elements" not in option:
        yield f"{name} is a list without elements in meta/argument_specs.yml"
    for inner, part in (option.get("options") or {}).items():
        yield from option_problems(f"{name}.{inner}", part)


def use(role: Role, everyone: list[Role]) -> Iterator[str]:
    """Nothing unused, nothing undocumented, nothing undefined."""
    mentioned: set[str] = set()
    read: dict[str, Path] = {}
    created: set[str] = set(role.private)
    for path, text in variables.role_texts(role):
        mentioned |= variables.names(text, path)
        for name in variables.free(text, path):
            read.setdefault(name, path)
    rules = role.path.parents[1] / "plugins/plugin_utils/_rules" / f"{role.name}.py"
    if rules.is_file():
        mentioned |= set(re.findall(r'"(\w+)"', rules.read_text(encoding="utf-8")))  # what the role's first task judges
    for path in sorted(role.path.glob("[th]a*/**/*.yml")):
        created |= variables.defined_in_tasks(load(path))
    for name in sorted((set(role.options) | set(role.private)) - mentioned):
        yield f"{name} is used nowhere in roles/{role.name}"
    known = {name for other in everyone for name in other.options}
    prefixes = tuple(f"{other.name}_" for other in everyone)
    for name, path in sorted(read.items()):
        where = path.relative_to(TOP)
        if name.startswith("__"):
            if name not in created:
                yield f"{name} in {where} is defined neither in vars/main.yml nor by a task"
        elif name.startswith(prefixes) and name not in known | created | SITE:
            yield f"{name} in {where} is in no meta/argument_specs.yml"


def collection_problems() -> Iterator[str]:
    """The collections that roles, playbooks and modules name are the dependencies of galaxy.yml, and those are requirements.yml."""
    declared = {str(name): str(version) for name, version in (load(TOP / "galaxy.yml").get("dependencies") or {}).items()}
    wanted = {entry["name"]: str(entry["version"]) for entry in load(TOP / "requirements.yml").get("collections") or []}
    used = set()
    for file in files(".yml", ".j2", ".py", under=["roles", "playbooks", "plugins"]):
        text = (TOP / file).read_text(encoding="utf-8")
        used |= set(re.findall(r"ansible_collections\.(\w+\.\w+)" if file.suffix == ".py" else r"\b(\w+\.\w+)\.\w+", text))
    used &= KNOWN_COLLECTIONS
    for name in sorted(used - set(declared)):
        yield f"galaxy.yml: {name} is used, but is no dependency"
    for name in sorted(set(declared) - used):
        yield f"galaxy.yml: {name} is a dependency, but nothing uses it"
    if declared != wanted:
        yield f"requirements.yml: it names {wanted}, galaxy.yml depends on {declared}"


def readme_problems(readme: str, sample: dict[str, Any]) -> Iterator[str]:
    """What README.md tells an operator to set is what the sample inventory sets, and fewer than ten."""
    section = re.search(r"^## What you must set$(.*?)^## ", readme, re.MULTILINE | re.DOTALL)
    told = re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE) if section else []
    wanted = [name for name in sample if not name.startswith("ansible_")]
    if sorted(told) != sorted(wanted):
        yield f"README.md: 'What you must set' lists {', '.join(told) or 'nothing'}; inventories/sample/group_vars/all.yml sets {', '.join(wanted)}"
    if len(told) >= 10:
        yield f"README.md: 'What you must set' lists {len(told)} variables, expected fewer than ten"


def inventory_problems(paths: list[Path], everyone: list[Role]) -> Iterator[str]:
    """Every variable an inventory sets is a documented one."""
    known = {name for role in everyone for name in role.options} | SITE
    for path in paths:
        content = load(path)
        for name in sorted(inventory_variables(path, content)):
            own = name.startswith("lab_") and "lab" in path.parts  # the lab's own wiring, read by its inventory only
            if name not in known and not name.startswith("ansible_") and not own:
                yield f"{path.relative_to(TOP)}: {name} is in no meta/argument_specs.yml"


def inventory_variables(path: Path, content: Any) -> set[str]:
    """Names set by a group_vars or host_vars file, or inside an inventory in YAML."""
    if not isinstance(content, dict):
        return set()
    if {"group_vars", "host_vars"} & set(path.parts):
        return set(content)
    found: set[str] = set()
    for group in content.values():
        if isinstance(group, dict):
            found |= set(group.get("vars") or {})
            for host in (group.get("hosts") or {}).values():
                found |= set(host or {})
            found |= inventory_variables(path, group.get("children") or {})
    return found
