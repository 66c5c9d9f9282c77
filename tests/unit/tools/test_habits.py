"""Each habit that `make habits` refuses. The bad texts are put together here, so that this file itself stays clean."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from workshop import base, habits

KEY = "-----BEGIN " + "PRIVATE KEY-----\n" + "A" * 64 + "\n"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("roles/x/tasks/main.yml", "  ignore_errors: " + "true\n", "swallowed"),
        ("playbooks/x.yml", "  failed_when: " + "false\n", "swallowed"),
        ("tests/unit/x.py", "@pytest.mark." + "skip\n", "left out"),
        ("roles/x/vars/main.yml", "__x: >-\n  [{% " + "for a in b %}{{ a | to_json }}{% endfor %}]\n", "program"),
        ("lab/key.pem", KEY, "private key"),
        ("README.md", "TO" + "DO: numbers\n", "unfinished"),
        ("docs/x.md", "see registry.example.net/simple\n", "registry host"),
        ("roles/x/tasks/main.yml", "<" * 7 + " HEAD\n", "merge"),
    ],
)
def test_an_offence_is_told_with_its_line(name: str, text: str, told: str) -> None:
    found = habits.offences(name, "---\n" + text, {"registry.example.net"})
    assert [line for line, what in found if told in what] == [3 if told == "program" else 2]


def test_clean_text_is_clean() -> None:
    assert habits.offences("roles/x/tasks/main.yml", "- name: Fail\n  failed_when: x.rc != 0\n", {"registry.example.net"}) == []
    assert habits.offences("roles/x/templates/x.j2", "{% " + "for a in b %}\n{{ a }}\n{% endfor %}\n", set()) == []


def test_a_large_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "big").write_bytes(b"x" * (habits.LARGEST + 1))
    monkeypatch.setattr(habits, "TOP", tmp_path)
    monkeypatch.setattr(habits, "files", lambda: base.files(top=tmp_path))
    with pytest.raises(base.CheckFailed, match="big: 300001 bytes"):
        habits.habits()


def test_this_machine_names_its_registries() -> None:
    assert all("." in host and "/" not in host for host in habits.registry_hosts())


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("x = open(p).read()", True),
        ("x = open(p, encoding='utf-8')", True),
        ("x = os.fdopen(n, encoding='utf-8')", True),
        ("x = path.read_text(encoding='utf-8')", True),
        ("try:\n    x = open(p, encoding='utf-8')\nexcept OSError:\n    pass", True),
        ("try:\n    pass\nexcept ValueError:\n    x = open(p)", True),
        ("try:\n    def f():\n        return open(p)\nexcept ValueError:\n    pass", True),
        ("try:\n    x = open(p, encoding='utf-8')\nexcept (OSError, ValueError):\n    pass", False),
        ("try:\n    x = path.read_text()\nexcept UnicodeDecodeError:\n    pass", False),
        ("x = open(p, encoding='utf-8', errors='replace')", False),
        ("x = open(p, 'rb'), open(p, 'w', encoding='utf-8'), os.open(p, 0), zipped.open(p)", False),
        ("x = open(p, mode='rb')", False),
        ("x = open(p, **HOW)", False),
    ],
)
def test_a_read_that_bytes_can_break_is_told(code: str, told: bool) -> None:
    assert bool(habits.undecided(code)) is told
