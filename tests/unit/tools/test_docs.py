"""Generated documentation."""

from __future__ import annotations

from pathlib import Path

import pytest
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
    assert "        redis_owner: …" in text


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
