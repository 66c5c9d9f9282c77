"""`make test CHANGED=1`: which checks a change can break. Found by following names from each check's own files to what they use, not by a list kept by hand."""

from __future__ import annotations

import fnmatch
import functools
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .base import TOP, CheckFailed, files

NAME = re.compile(r"\bonprem\.wandb\.(\w+)")
PLAYBOOK = re.compile(r"""\bplaybooks/(\w+)\.yml|["'](\w+)\.yml["']|["']([a-z]+_\w+)["']|\bplay(?:book)?\(["'](\w+)""")  # as tests name them
PATH = re.compile(r"(?<![\w/])((?:\.\./)*[\w-][\w./-]*)")
IMPORT = re.compile(r"^\s*from\s+(\.+|ansible_collections\.onprem\.wandb\.)([\w.]*)\s+import\s+([^\n#]+)", re.MULTILINE)
MODULE = re.compile(r"""["']onprem\.wandb\.(\w+)["']""")
FOLLOWED = ("plugins/", "roles/", "playbooks/", "molecule/", "tests/", "lab/", "inventories/")
# What every check of a kind needs, whatever it tests.
EVERYWHERE = (
    *("Makefile", ".ci/*", "requirements/*", "requirements.yml"),
    *("tests/tools/check.py", "tests/tools/env.sh", "tests/tools/packages.sh", "tests/tools/workshop/*"),
)
LAB = ("lab/*", "inventories/lab/*", "ansible.cfg", "meta/*", "galaxy.yml")


def since(revision: str) -> list[str]:
    """Files that differ from a revision, uncommitted and new ones included. "1" is where this branch left its upstream; without an upstream, HEAD."""
    if revision == "1":
        upstream = git("merge-base", "HEAD", "@{upstream}", check=False).strip()
        revision = upstream or "HEAD"
    listed = git("diff", "--name-only", "-z", revision).split("\0") + git("ls-files", "-z", "--others", "--exclude-standard").split("\0")
    return sorted({name for name in listed if name})


def git(*words: str, check: bool = True) -> str:
    """What git prints; a revision that it does not know is a sentence."""
    done = subprocess.run(["git", *words], cwd=TOP, capture_output=True, text=True, check=False)
    if done.returncode and check:
        raise CheckFailed(f"git {' '.join(words)} failed: {done.stderr.strip()}. CHANGED takes 1 or a revision, for instance CHANGED=HEAD~3.")
    return done.stdout if not done.returncode else ""


class Tree:
    """The project's files and what each of them names."""

    def __init__(self, names: Iterable[str], top: Path = TOP) -> None:
        self.names = frozenset(names)
        self.top = top

    @functools.cached_property
    def by_name(self) -> Mapping[str, frozenset[str]]:
        """onprem.wandb.<name> to files: a role's, a playbook, plugins."""
        found: dict[str, set[str]] = {}
        for name in self.names:
            parts = name.split("/")
            if parts[0] == "roles" and len(parts) > 2:
                found.setdefault(parts[1], set()).add(name)
            elif parts[0] == "playbooks" and len(parts) == 2 and name.endswith(".yml"):
                found.setdefault(name[10:-4], set()).add(name)
            elif parts[0] == "plugins" and len(parts) == 3 and name.endswith(".py"):
                found.setdefault(name.rsplit("/", 1)[1][:-3], set()).add(name)
        return {key: frozenset(value) for key, value in found.items()}

    def matching(self, patterns: Sequence[str]) -> set[str]:
        """Files that one of the patterns takes; * goes through folders."""
        return {name for name in self.names if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)}

    def uses(self, name: str) -> set[str]:
        """Files that one file names: roles, playbooks, plugins, imports, scripts and folders of tests."""
        if not name.startswith(FOLLOWED) or name.startswith("tests/unit/") or name.endswith((".md", ".json")) or name not in self.names:
            return set()
        text = (self.top / name).read_text(encoding="utf-8", errors="replace")
        found: set[str] = set()
        kind = "tools" if name.startswith(("tests/tools/", "lab/")) and name.endswith(".py") else name.split("/", 1)[0]
        if kind not in ("plugins", "tools"):  # their texts name playbooks in messages and examples; what they use, they import
            named = {path for word in NAME.findall(text) for path in self.by_name.get(word, frozenset())}
            found |= {path for path in named if path.startswith("plugins/") or kind != "roles"}  # likewise a role's
        if kind == "plugins":  # a module that an action runs
            found |= {f"plugins/modules/{word}.py" for word in MODULE.findall(text)} & self.names
        if kind not in ("plugins", "tools", "roles"):
            found |= {f"playbooks/{word}.yml" for words in PLAYBOOK.findall(text) for word in words} & self.names
            here = Path(name).parent
            for word in {word.rstrip("./") for word in PATH.findall(text)}:
                found |= {word, os.path.normpath(here / word)} & self.names
                if word.count("/") == 1 and word.startswith(("tests/", "molecule/")) and word != "tests/tools":
                    found |= {path for path in self.names if path.startswith(word + "/")}
        if name.endswith(".py"):
            for dots, module, what in IMPORT.findall(text):
                found |= self.imported(name, dots, module, [word.split(" as ")[0].strip(" ()") for word in what.split(",")])
        return {path for path in found if not path.endswith(".md")} - {name}

    def imported(self, name: str, dots: str, module: str, what: Sequence[str]) -> set[str]:
        """Files behind one import statement: the module, its members where they are modules, and the packages' own files."""
        base = [] if dots.startswith("ansible") else list(Path(name).parts[: -len(dots)])
        path = "/".join([*base, *(part for part in module.split(".") if part)])
        wanted = {f"{path}.py", f"{path}/__init__.py", *(f"{path}/{word}.py" for word in what), *(f"{path}/{word}/__init__.py" for word in what)}
        return wanted & self.names

    def closure(self, roots: Iterable[str]) -> set[str]:
        """The roots and everything that is reached from them."""
        seen: set[str] = set()
        todo = list(roots)
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += self.cached(name) - seen
        return seen

    @functools.lru_cache(maxsize=64)  # noqa: B019 - one tree lives as long as the program
    def reached(self, roots: tuple[str, ...]) -> set[str]:
        """The closure of the files that the patterns take."""
        return self.closure(self.matching(roots))

    @functools.cached_property
    def _uses(self) -> dict[str, set[str]]:
        return {}

    def cached(self, name: str) -> set[str]:
        """uses(), each file read once."""
        if name not in self._uses:
            self._uses[name] = self.uses(name)
        return self._uses[name]


@functools.lru_cache(maxsize=1)
def tree() -> Tree:
    """The project as it lies here, read once."""
    return Tree(str(name) for name in files())


def breaks(changed: Iterable[str], roots: Sequence[str], whole: bool, here: Tree) -> list[str]:
    """The changed files that a check depends on. whole: the roots are all there is, nothing is followed from them."""
    patterns = [*roots, *EVERYWHERE]  # a removed file is in no list any more
    reached = set() if whole else here.reached(tuple(roots))
    return sorted(name for name in changed if name in reached or any(fnmatch.fnmatch(name, pattern) for pattern in patterns))
