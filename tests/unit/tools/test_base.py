"""Which files the checks look at, and how a check fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from workshop import base


def tree(top: Path) -> Path:
    for name, text in {".gitignore": "/.lab/\n*.pyc\n", "a.py": "", "b.pyc": "", "roles/x/tasks/main.yml": "", ".lab/venv/c.py": ""}.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text, encoding="utf-8")
    return top


@pytest.mark.parametrize("repository", [True, False])
def test_the_files_are_those_that_git_does_not_ignore(tmp_path: Path, repository: bool) -> None:
    tree(tmp_path)
    if repository:
        subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    assert [str(name) for name in base.files(top=tmp_path)] == [".gitignore", "a.py", "roles/x/tasks/main.yml"]
    assert [str(name) for name in base.files(".yml", under=["roles"], top=tmp_path)] == ["roles/x/tasks/main.yml"]
    (tmp_path / "a.py").unlink()
    assert base.files(".py", top=tmp_path) == []


def test_no_file_to_check_is_a_failure() -> None:
    with pytest.raises(base.CheckFailed, match="no plugin found"):
        base.some([], "plugin")


def test_a_program_that_fails_is_named_and_shows_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert base.run([sys.executable, "-c", "print('fine')"], quiet=True) == "fine\n"
    assert capsys.readouterr().out == ""
    with pytest.raises(base.CheckFailed, match="ended with 3"):
        base.run([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"], quiet=True)
    assert "the reason" in capsys.readouterr().out
