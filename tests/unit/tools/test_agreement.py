"""Each disagreement that `make agreement` reports, made on purpose."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from workshop import agreement, base, collection

SPEC: dict[str, Any] = {
    "argument_specs": {
        "main": {
            "short_description": "Redis",
            "options": {
                "redis_port": {"type": "int", "default": 6379, "description": "Port."},
                "redis_url": {"type": "str", "description": "Address. Default: computed."},
                "redis_users": {"type": "list", "elements": "str", "default": [], "description": "Users."},
                "redis_owner": {"type": "str", "required": True, "description": "Owner."},
            },
        }
    }
}
FILES: dict[str, Any] = {
    "meta/main.yml": {"galaxy_info": {"description": "Redis"}},
    "meta/argument_specs.yml": SPEC,
    "defaults/main.yml": {"redis_port": 6379, "redis_url": "{{ __redis_scheme }}://x:{{ redis_port }}", "redis_users": []},
    "vars/main.yml": {"__redis_scheme": "redis"},
    "tasks/main.yml": [
        {"name": "See", "ansible.builtin.debug": {"msg": "{{ redis_url }} {{ redis_owner }}"}, "when": "redis_users | length > 0", "register": "__redis_seen"},
        {"name": "Use", "ansible.builtin.debug": {"var": "__redis_seen"}, "when": "__redis_seen is changed"},
    ],
}


def role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, Any]) -> collection.Role:
    home = tmp_path / "roles/redis"
    for name, content in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setattr(agreement, "TOP", tmp_path)
    return collection.role(home)


def problems(made: collection.Role) -> list[str]:
    return list(agreement.role_problems(made, [made]))


def test_a_role_that_agrees_has_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems(role(tmp_path, monkeypatch, FILES)) == []


def option(files: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = files["meta/argument_specs.yml"]["argument_specs"]["main"]["options"][name]
    return found


def mutations() -> list[tuple[str, Any, str]]:
    return [
        ("a default nobody documents", lambda f: f["defaults/main.yml"].update(redis_new=1), "redis_new is in defaults/main.yml but not in"),
        (
            "a documented variable without default",
            lambda f: f["defaults/main.yml"].pop("redis_users"),
            "redis_users is in meta/argument_specs.yml, is not required",
        ),
        ("a required one with a default", lambda f: f["defaults/main.yml"].update(redis_owner="x"), "redis_owner is required in"),
        ("another literal default", lambda f: f["defaults/main.yml"].update(redis_port=6380), "redis_port has the default 6380"),
        ("a number given as text", lambda f: f["defaults/main.yml"].update(redis_port="6379"), "redis_port has the default '6379'"),
        (
            "a default of the wrong type in both",
            lambda f: (f["defaults/main.yml"].update(redis_port=True), option(f, "redis_port").update(default=True)),
            "which is no int",
        ),
        ("a computed default repeated", lambda f: option(f, "redis_url").update(default="x"), "redis_url is computed"),
        ("a literal default not documented", lambda f: option(f, "redis_port").pop("default"), "none in meta/argument_specs.yml"),
        ("no type", lambda f: option(f, "redis_port").pop("type"), "redis_port has no type"),
        ("no description", lambda f: option(f, "redis_port").pop("description"), "redis_port has no description"),
        ("a list of anything", lambda f: option(f, "redis_users").pop("elements"), "redis_users is a list without elements"),
        (
            "a description that YAML reads as a mapping",
            lambda f: option(f, "redis_port").update(description=[{"Runs on (x": "y)"}]),
            "redis_port has a description that is no text",
        ),
        ("a foreign prefix", lambda f: f["defaults/main.yml"].update(port=1), "port does not begin with redis_"),
        ("a private variable with a public name", lambda f: f["vars/main.yml"].update(redis_x=1), "redis_x in vars/main.yml does not begin with __"),
        ("a variable nobody uses", lambda f: f["tasks/main.yml"][0].pop("when"), "redis_users is used nowhere"),
        (
            "a misspelt variable in a condition",
            lambda f: f["tasks/main.yml"][1].update(when="redis_prot > 1"),
            "redis_prot in roles/redis/tasks/main.yml is in no meta",
        ),
        (
            "a misspelt variable in a template",
            lambda f: f["tasks/main.yml"][1].update(vars={"x": "{{ redis_prot }}"}),
            "redis_prot in roles/redis/tasks/main.yml is in no meta",
        ),
        (
            "a private variable nobody defines",
            lambda f: f["tasks/main.yml"][1].update(when="__redis_sene is changed"),
            "__redis_sene in roles/redis/tasks/main.yml is defined neither",
        ),
        ("no specification", lambda f: f.update({"meta/argument_specs.yml": {}}), "meta/argument_specs.yml is missing"),
        ("no description of the role", lambda f: f.update({"meta/main.yml": {}}), "meta/main.yml has no galaxy_info.description"),
    ]


@pytest.mark.parametrize(("change", "told"), [(change, told) for name, change, told in mutations()], ids=[name for name, change, told in mutations()])
def test_a_disagreement_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any, told: str) -> None:
    files = copy.deepcopy(FILES)
    change(files)
    found = problems(role(tmp_path, monkeypatch, files))
    assert any(told in problem for problem in found), found


def test_an_inventory_sets_only_documented_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = role(tmp_path, monkeypatch, FILES)
    sample = tmp_path / "inventories/sample/group_vars/all.yml"
    lab = tmp_path / "inventories/lab/hosts.yml"
    for path, text in {
        sample: "redis_port: 1\nredis_prot: 1\nsite_name: x\nansible_user: x\nlab_x: 1\n",
        lab: "all:\n  children:\n    redis:\n      hosts: {a: {redis_prto: 1}}\n      vars: {lab_state: x}\n",
    }.items():
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    assert list(agreement.inventory_problems([sample, lab], [made])) == [
        "inventories/sample/group_vars/all.yml: lab_x is in no meta/argument_specs.yml",
        "inventories/sample/group_vars/all.yml: redis_prot is in no meta/argument_specs.yml",
        "inventories/lab/hosts.yml: redis_prto is in no meta/argument_specs.yml",
    ]


def test_no_role_at_all_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(base.CheckFailed, match="no role in"):
        collection.roles(tmp_path)


README = "# x\n## What you must set\n| Variable | Meaning |\n|---|---|\n| `site_name` | x |\n| `wandb_fqdn` | `y` |\n\n## Versions\n| `no` | x |\n"


def test_the_readme_tells_what_the_sample_sets() -> None:
    assert list(agreement.readme_problems(README, {"site_name": 1, "wandb_fqdn": 1, "ansible_user": 1})) == []
    assert "lists site_name, wandb_fqdn; inventories" in next(agreement.readme_problems(README, {"site_name": 1}))
    many = {f"site_{number}": 1 for number in range(10)}
    rows = "".join(f"| `{name}` | x |\n" for name in many)
    assert "fewer than ten" in next(agreement.readme_problems("## What you must set\n" + rows + "## Versions\n", many))
    assert "lists nothing" in next(agreement.readme_problems("nothing", {"site_name": 1}))
