"""What papers and comments point at is there: files by path or name, variables of roles, constants."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .base import TOP, CheckFailed, files, some

PAPERS = ("docs/", "CONTRIBUTING.md", "lab/README.md")
ENDS = r"(?:py|yml|yaml|j2|md|sh|json|toml|txt)"
# A path in the text of a program or of a role: only those that begin with a directory of ours can be told from a host's.
OURS = re.compile(rf"(?<![\w/.$}}~-])((?:plugins|module_utils|plugin_utils|playbooks|molecule|docs|tests/(?:tools|unit)|inventories)/[\w/.*-]+\.{ENDS})\b")
PATH = re.compile(rf"[\w/.<>*…@-]+\.{ENDS}")
PRIVATE = re.compile(r"__[a-z][a-z0-9_]+")
CONSTANT = re.compile(r"[A-Z][A-Z_]{3,}")
SEEN = (".py", ".yml", ".j2", ".sh")


def references() -> str:
    """Every reference that leads nowhere, at once."""
    found = some(files(), "file")
    names = [str(name) for name in found]
    code = "\n".join(text(name) for name in found if name.suffix in SEEN)
    words = set(re.findall(r"\w+", code))
    problems = []
    for name in found:
        if str(name).startswith(PAPERS) and name.suffix == ".md":
            problems += [f"{name}:{line}: {what}" for line, what in in_paper(text(name), names, words, code)]
        elif name.suffix in SEEN and not str(name).startswith("tests/unit/tools/"):
            problems += [f"{name}:{line}: {what}" for line, what in in_code(text(name), names)]
    if problems:
        raise CheckFailed("\n  ".join([f"{len(problems)} references lead nowhere:", *problems]))
    return f"{len(found)} files"


def text(name: Path) -> str:
    """A file of the project; nothing of one that is no text."""
    return (TOP / name).read_bytes().decode("utf-8", errors="ignore")


def in_paper(content: str, names: Sequence[str], words: set[str], code: str) -> Iterator[tuple[int, str]]:
    """Of a document: what stands in backquotes and looks like a file, a private variable or a constant. What a run makes is named by a program."""
    for number, line in enumerate(content.splitlines(), 1):
        for quoted in re.findall(r"`([^`]+)`", line):
            if PATH.fullmatch(quoted) and not leads(quoted, names) and Path(quoted).name not in code:
                yield number, f"{quoted} is no file of the project"
            elif (PRIVATE.fullmatch(quoted) or CONSTANT.fullmatch(quoted)) and quoted not in words:
                yield number, f"{quoted} is in no file of the project"


def in_code(content: str, names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Of a program, role or template: paths that begin with a directory of ours."""
    for number, line in enumerate(content.splitlines(), 1):
        for path in OURS.findall(line):
            if not leads(path, names):
                yield number, f"{path} is no file of the project"


def leads(path: str, names: Sequence[str]) -> bool:
    """Whether a path, or its end, is one of the files. <layer>, * and … stand for anything; what begins with / is a host's, mysite is any site."""
    if path.startswith(("/", "inventories/mysite")):
        return True
    pattern = re.sub(r"<[^>]*>|…", "*", path).removeprefix("./").removeprefix("../")
    return any(fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(name, f"*/{pattern}") for name in names)
