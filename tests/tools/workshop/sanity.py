"""`ansible-test sanity`, all of its tests, without the download host it wants.

Three things stand in the way, each handled here:
- it must run in .../ansible_collections/<namespace>/<name>: the files that git knows are copied to .lab/sanity;
- inside another git work tree that ignores the folder it finds no file and passes: the copy gets a repository of its own, and "all targets skipped" fails;
- it downloads get-pip: a stand-in with the same command line is put where it caches that file.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from .base import LAB, TOP, VENV, CheckFailed, environment, files, run, some

TREE = LAB / "sanity/ansible_collections/onprem/wandb"
# lab/ and molecule/ are no part of the published collection; requirements/ and the rest of the workshop are not Ansible's business.
LEFT_OUT = (
    *("lab/", "molecule/", ".ci/", ".config/", "requirements/", "tests/tools/", "tests/unit/tools/", ".yamllint"),
    *(".github/", ".gitlab-ci.yml", ".pre-commit-config.yaml", ".editorconfig"),
)

GET_PIP = """\
import subprocess, sys
quiet = {"stdout": subprocess.DEVNULL}
args = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip", "--upgrade", "--default-pip"], **quiet)
subprocess.check_call([sys.executable, "-m", "pip", *(args if args[:1] == ["install"] else ["install", *args])], **quiet)
"""


def sanity() -> str:
    """All sanity tests on the development Python, and compile + import on every other Python of the hosts that this machine has."""
    copied = copy_tree()
    seed_get_pip()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    text = run(["ansible-test", "sanity", "--venv", "--python", python, "--color", "no"], cwd=TREE, env=test_environment(), quiet=True)
    ran = re.findall(r'Running sanity test "([^"]+)"', text)
    if not ran or "All targets skipped" in text:
        raise CheckFailed(f"ansible-test looked at no file in {TREE} (ran {len(ran)} tests): see .lab/logs/sanity.log.")
    others = {version: path for version, path in other_pythons().items() if version != python}
    for version, path in others.items():
        command = ["ansible-test", "sanity", "--controller", f"origin:python={python}", "--target-python", f"{version}@{path}"]
        run([*command, "--test", "import", "--test", "compile", "--color", "no"], cwd=TREE, env=test_environment(path.parent), quiet=True)
    return f"{len(set(ran))} tests, {copied} files, modules import on Python {', '.join([*others, python])}"


def copy_tree() -> int:
    """Make .lab/sanity the image of the project's files; the virtual environments that ansible-test keeps in it stay."""
    wanted = [name for name in files() if not str(name).startswith(LEFT_OUT)]
    some([name for name in wanted if name.parts[0] in ("plugins", "roles")], "plugin or role")
    TREE.mkdir(parents=True, exist_ok=True)
    if not (TREE / ".git").exists():
        run(["git", "init", "--quiet", "."], cwd=TREE, quiet=True)
    keep = set(wanted)
    for old in [path for path in TREE.rglob("*") if path.is_file() or path.is_symlink()]:
        name = old.relative_to(TREE)
        if name not in keep and name.parts[0] != ".git" and name.parts[:2] != ("tests", "output"):
            old.unlink()
    for name in wanted:
        (TREE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, TREE / name, follow_symlinks=False)
    ignore = TREE / ".git/info/exclude"
    ignore.write_text("/tests/output/\n__pycache__/\n", encoding="utf-8")
    return len(wanted)


def seed_get_pip() -> None:
    """Put the stand-in where ansible-test looks before it downloads; the name carries the pip version of this ansible-core."""
    source = next(VENV.glob("lib/python3.*/site-packages/ansible_test/_internal/python_requirements.py"))
    version = re.search(r"\bpip='([\d.]+)'", source.read_text(encoding="utf-8"))
    if not version:
        raise CheckFailed(f"{source} does not say which pip ansible-test bootstraps (a line like pip='25.2'): the recipe needs a new look.")
    cached = Path.home() / ".ansible/test/cache" / f"get_pip_{version[1].replace('.', '_')}.py"
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_text(GET_PIP, encoding="utf-8")


def other_pythons() -> dict[str, Path]:
    """Pythons a host may have (3.9 is EL 9's) that exist on this machine, by version."""
    found = {}
    for version in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"):
        pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
        system = Path(f"/usr/bin/python{version}")
        if pyenv or system.exists():
            found[version] = pyenv[-1] if pyenv else system
    return found


def test_environment(first: Path | None = None) -> dict[str, str]:
    """ansible-test refuses our collection path and wants a UTF-8 locale."""
    env = environment()
    env.pop("ANSIBLE_COLLECTIONS_PATH")
    env.update(LC_ALL="C.UTF-8", ANSIBLE_TEST_PREFER_PODMAN="1")
    if first:
        env["PATH"] = f"{VENV / 'bin'}{os.pathsep}{first}{os.pathsep}{env['PATH']}"
    return env
