"""What every check needs: where things are, which files belong to the project, running a program, failing with a sentence."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
LAB = TOP / ".lab"
LOGS = LAB / "logs"
VENV = LAB / "venv"
CACHE = Path(os.environ.get("ONPREM_WANDB_CACHE", Path.home() / ".cache/onprem-wandb"))
COLLECTION = LAB / "collections/ansible_collections/onprem/wandb"  # a link to TOP, so that onprem.wandb.* resolves
ROLES = TOP / "roles"


class CheckFailed(Exception):
    """A check that fails: the text says what, where, what was expected."""


def files(*suffixes: str, under: Iterable[str] = (), top: Path = TOP) -> list[Path]:
    """The project's files, relative to top: tracked ones and new ones that git does not ignore. An unpacked archive without .git is read the same way."""
    git = ["git", "-c", "safe.directory=*"]
    if not (top / ".git").exists():
        empty = top / ".lab/files.git"
        subprocess.run([*git, "init", "--quiet", "--bare", empty], check=True)
        git += [f"--git-dir={empty}", f"--work-tree={top}"]
    command = [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *under]
    listed = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        raise CheckFailed(f"git ls-files in {top} failed: {listed.stderr.strip()}. The checks read the list of files from git.")
    names = sorted({Path(name) for name in listed.stdout.split("\0") if name})
    return [name for name in names if (not suffixes or name.name.endswith(suffixes)) and (top / name).is_file()]


def some(found: Sequence[Path], what: str) -> list[Path]:
    """The same list, or a failure when it is empty: a check that looks at nothing must not pass."""
    if not found:
        raise CheckFailed(f"no {what} found: there is nothing to check, so this check proves nothing.")
    return list(found)


def environment(venv: Path = VENV, **extra: str) -> dict[str, str]:
    """The environment of tools: our venv first, this collection, no colours, none of the caller's Ansible settings."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "MOLECULE_", "PYTHON"))}
    env.update(
        PATH=f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
        VIRTUAL_ENV=str(venv),
        ANSIBLE_COLLECTIONS_PATH=str(LAB / "collections"),
        ANSIBLE_NOCOLOR="1",
        NO_COLOR="1",
        PYTHONUNBUFFERED="1",
    )
    env.update(extra)
    return env


def run(command: Sequence[object], *, cwd: Path = TOP, env: dict[str, str] | None = None, expected: str = "", quiet: bool = False) -> str:
    """Run a program, show its output as it comes (quiet: only when it fails) and return it; fail with a sentence when the program does."""
    words = [str(word) for word in command]
    lines: list[str] = []
    with subprocess.Popen(words, cwd=cwd, env=env or environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if not quiet:
                print(line, end="", flush=True)
    text = "".join(lines)
    if process.returncode != 0:
        if quiet:
            print(text, end="", flush=True)
        raise CheckFailed(f"{' '.join(words[:4])} ended with {process.returncode} in {cwd}.{' ' + expected if expected else ''}")
    return text
