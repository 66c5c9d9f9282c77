"""Linters: ansible-lint (production), yamllint, ruff, mypy and shellcheck."""

from __future__ import annotations

import re
from pathlib import Path

from .base import COLLECTION, LAB, TOP, CheckFailed, environment, files, run, some


def ansible_lint() -> str:
    """ansible-lint, profile production, over everything that is Ansible."""
    some(files(".yml", under=["roles", "playbooks"]), "Ansible file")
    text = run(["ansible-lint", "--offline", "--strict", "--nocolor"], expected="`ansible-lint --fix <file>` mends some of it.", quiet=True)
    processed = re.search(r"in (\d+) files processed", text)
    if not processed or int(processed[1]) == 0:
        raise CheckFailed(f"ansible-lint does not say that it read any file: {text[-500:]}")
    return f"{processed[1]} files"


def yamllint() -> str:
    """yamllint over every YAML file."""
    found = some(files(".yml", ".yaml"), "YAML file")
    run(["yamllint", "--strict", *found])
    return f"{len(found)} files"


def ruff() -> str:
    """ruff over every Python file."""
    found = some(files(".py"), "Python file")
    run(["ruff", "check", "--quiet", "--cache-dir", LAB / "ruff", *found], expected="`ruff check --fix <file>` mends most of it.")
    return f"{len(found)} files"


def mypy() -> str:
    """mypy over the plugins and over the workshop's own tools."""
    plugins = some(files(".py", under=["plugins"]), "plugin")
    tools = some(files(".py", under=["tests/tools", "tests/mysql/ledger", "tests/mysql/mysqlbench"]), "tool")
    base = ["mypy", "--config-file", TOP / "pyproject.toml", "--cache-dir", LAB / "mypy", "--no-error-summary"]
    inside = COLLECTION.relative_to(LAB / "collections")
    run([*base, *(inside / name for name in plugins)], cwd=LAB / "collections")
    run([*base, *tools], env=environment(MYPYPATH=":".join(str(TOP / "tests" / name) for name in ("tools", "mysql", "mysql_backup"))))
    # Programs of the hosts: each role's directory is where their own imports begin.
    programs = 0
    for role in ("minio_backup", "mysql", "mysql_backup"):
        here = f"roles/{role}/files"
        names = some(files(".py", under=[here]), f"program of the role {role}")
        run([*base, *(name.relative_to(here) for name in names)], cwd=TOP / here, env=environment(MYPYPATH=str(LAB / "collections")))
        programs += len(names)
    return f"{len(plugins) + len(tools) + programs} files"


def shellcheck() -> str:
    """shellcheck over every shell script, found by suffix or by its first line."""
    scripts = [name for name in files() if name.suffix == ".sh" or (name.suffix == "" and is_shell(TOP / name))]
    run(["shellcheck", "--severity=warning", *some(scripts, "shell script")])
    return f"{len(scripts)} files"


def is_shell(path: Path) -> bool:
    """Whether the first line names a shell."""
    with path.open("rb") as file:
        return bool(re.match(rb"#!.*\b(ba|da|)sh\b", file.readline(200)))
