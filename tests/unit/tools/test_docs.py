"""Generated documentation."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from workshop import base, collection, docs

ROLE = collection.Role(
    "redis",
    Path("/nowhere/roles/redis"),
    {"redis_port": 6379, "redis_version": "7.2"},
    {},
    {
        "main": {
            "description": ["One C(redis-server).", "Second paragraph."],
            "options": {
                "redis_port": {"type": "int", "default": 6379, "description": "Port | socket."},
                "redis_owner": {"type": "str", "required": True, "description": ["Owner.", "See O(redis_port)."], "choices": ["a", "b"]},
                "redis_users": {"type": "list", "elements": "dict", "description": "Users.", "options": {"name": {"type": "str", "description": "Name."}}},
            },
        }
    },
    {"description": "Redis 7"},
)


def test_the_readme_of_a_role_lists_every_variable() -> None:
    text = docs.role_readme(ROLE)
    assert "# onprem.wandb.redis\n\nRedis 7\n\nOne `redis-server`.\n\nSecond paragraph.\n" in text
    assert "| `redis_port` | int | `6379` | Port \\| socket. |" in text
    assert "| `redis_owner` | str | **required** | Owner. See `redis_port`. One of `a`, `b`. |" in text
    assert "| `redis_users` | list of dict | see Meaning | Users. |" in text
    assert "Members of `redis_users`:" in text
    assert "        redis_owner: a" in text


EXAMPLES = [(role, entry) for role in collection.roles() for entry in role.specs]


def shown(text: str, several: bool, entry: str) -> tuple[dict[str, Any], list[str]]:
    """The play in the part of a README about an entry point, and the playbooks named below it."""
    part = text.partition(f"## Entry point `{entry}`\n")[2].partition("\n## ")[0] if several else text.partition("\n## Parts")[0]
    (play,) = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", part, re.DOTALL)[0])
    return play, re.findall(r"\[playbooks/(\w+)\.yml\]", part)


@pytest.mark.parametrize(("role", "entry"), EXAMPLES, ids=[f"{role.name}-{entry}" for role, entry in EXAMPLES])
def test_each_entry_point_has_an_example_that_satisfies_it(role: collection.Role, entry: str) -> None:
    play, playbooks = shown((role.path / "README.md").read_text(encoding="utf-8"), len(role.specs) > 1, entry)
    if entry == "main":
        (called,) = play["roles"]
        name, given = called["role"], called.get("vars", {})
    else:
        (task,) = play["tasks"]
        called = task["ansible.builtin.import_role"]
        assert called["tasks_from"] == entry
        name, given = called["name"], task.get("vars", {})
    assert name == f"onprem.wandb.{role.name}"
    options = role.specs[entry].get("options") or {}
    assert set(given) == {variable for variable, option in options.items() if option.get("required")}
    assert all(given[variable] in options[variable].get("choices", [given[variable]]) for variable in given)
    assert playbooks
    for playbook in playbooks:
        assert entry in {call.entry for call in docs.calls(role.name) if call.playbook == playbook}


def test_ansible_takes_every_example(tmp_path: Path) -> None:
    plays = [shown((role.path / "README.md").read_text(encoding="utf-8"), len(role.specs) > 1, entry)[0] for role, entry in EXAMPLES]
    (tmp_path / "all.yml").write_text(yaml.safe_dump(plays), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(base.TOP / ".lab/collections"), "ANSIBLE_HOME": str(tmp_path)}
    call = ["ansible-playbook", "-i", "localhost,", "--syntax-check", str(tmp_path / "all.yml")]
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_entry_point_that_no_playbook_runs_and_a_value_that_nobody_has_fail() -> None:
    with pytest.raises(base.CheckFailed, match="no playbook runs the entry point nowhere of role redis"):
        docs.example(ROLE, "nowhere")
    with pytest.raises(base.CheckFailed, match="redis_owner has no default, and neither"):
        docs.value("redis_owner", {"required": True}, {"redis_owner": "{{ owner }}"})
    assert docs.value("redis_owner", {"required": True}, {"redis_owner": "b"}) == "b"


def test_a_stale_readme_fails_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "TOP", tmp_path)
    monkeypatch.setattr(docs, "texts", lambda: {tmp_path / "README.md": "new"})
    (tmp_path / "README.md").write_text("old", encoding="utf-8")
    with pytest.raises(base.CheckFailed, match="README.md"):
        docs.check()
    docs.write()
    assert docs.check() == "1 files"


def test_a_readme_without_numbers_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "TOP", tmp_path)
    monkeypatch.setattr(docs, "texts", dict)
    (tmp_path / "README.md").write_text("<!-- bench:begin -->\n<!-- bench:end -->\n", encoding="utf-8")
    with pytest.raises(base.CheckFailed, match="make bench"):
        docs.check()


def test_a_block_without_markers_fails() -> None:
    assert docs.replace_block("a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n", "x", "new") == "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n"
    with pytest.raises(base.CheckFailed, match="x:begin"):
        docs.replace_block("nothing", "x", "new")


def test_a_default_version_without_checksum_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "TOP", tmp_path)
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/catalogue.yml").write_text("artifacts: {mysql: {versions: {'8.4.9': aa, '8.4.10': bb, '8.4.7': cc}}}\n", encoding="utf-8")
    mysql = collection.Role("mysql", tmp_path, {"mysql_version": "8.4.9"})
    assert "| MySQL | 8.4.9 | `mysql_version` | 8.4.7 … 8.4.10 (3) |" in docs.versions_table([mysql])
    mysql.defaults["mysql_version"] = "8.4.8"
    with pytest.raises(base.CheckFailed, match=r"mysql_version is 8\.4\.8"):
        docs.versions_table([mysql])
