"""What the repository must never hold: registry hosts of this machine, private keys, swallowed errors, tests left out, large files, unfinished text."""

from __future__ import annotations

import ast
import fnmatch
import re
import subprocess
import sys
from pathlib import Path

from .base import TOP, CheckFailed, files, some

SPELLING = {  # pattern: (where, what is wrong)
    r"ignore_errors: *(true|yes)|failed_when: *false": (("roles/", "playbooks/"), "an error is swallowed: handle it or let it fail"),
    r"pytest\.(skip|mark\.skip|mark\.xfail|importorskip)|--skip-test": (("tests/", "molecule/", "Makefile", ".ci/"), "a test is left out"),
    r"\{%-? *(for|set) ": (
        ("roles/*/vars/", "roles/*/tasks/", "roles/*/defaults/", "playbooks/"),
        "a program in Jinja: write a filter with a test, or zip and records",
    ),
    r"\| *(union|symmetric_difference)\(": (("roles/", "playbooks/", "inventories/"), "a set has no order: add the lists, then | unique"),
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{60}": (("",), "a private key"),
    r"\b(TODO|FIXME|TBD|XXX)\b": (("README.md", "docs/", "roles/", "playbooks/", "inventories/"), "unfinished text"),
    r"^(<{7}|>{7}) ": (("",), "a merge left its marks"),
}
LARGEST = 300_000
PIP_HOSTS = "from pip._internal.models.index import PyPI as index; print(index.netloc, index.file_storage_domain)"


def habits() -> str:
    """Every offence at once, as file:line."""
    found = some(files(), "file")
    hosts = registry_hosts()
    problems = []
    for name in found:
        raw = (TOP / name).read_bytes()
        if len(raw) > LARGEST:
            problems.append(f"{name}: {len(raw)} bytes; files over {LARGEST} do not belong into git")
        text = raw.decode("utf-8", errors="replace")
        problems += [f"{name}:{line}: {what}" for line, what in offences(str(name), text, hosts)]
        if name.suffix == ".py" and name.parts[0] in ("plugins", "roles"):
            problems += [f"{name}:{line}: {what}" for line, what in undecided(text)]
    if problems:
        raise CheckFailed("\n  ".join([f"{len(problems)} offences:", *problems]))
    return f"{len(found)} files, {len(hosts)} registry hosts looked for"


def offences(name: str, text: str, hosts: set[str]) -> list[tuple[int, str]]:
    """Line and fault of each offence in one file. Registry hosts are named in the machine's configuration only, so the text does not repeat them."""
    told = "names a registry host of this machine: read it from the machine's configuration instead"
    found = [(text.count("\n", 0, text.find(host)) + 1, told) for host in hosts if host in text]
    for pattern, (places, what) in SPELLING.items():
        if any(fnmatch.fnmatch(name, f"{place}*") for place in places) and not name.endswith("workshop/habits.py"):
            found += [(text.count("\n", 0, hit.start()) + 1, f"{what} ({hit[0].splitlines()[0][:40]})") for hit in re.finditer(pattern, text, re.MULTILINE)]
    return found


def undecided(text: str) -> list[tuple[int, str]]:
    """Reads of text that end in a traceback where the file is no UTF-8: neither `errors=` nor a handler of ValueError around them."""
    found = []

    def visit(node: ast.AST, caught: bool) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            caught = False
        if isinstance(node, ast.Call) and not caught and reads_text(node):
            found.append((node.lineno, "a text is read that may be no UTF-8: say errors=, or catch ValueError here"))
        if isinstance(node, ast.Try):
            names = {name.id for handler in node.handlers for name in ast.walk(handler.type or ast.Name("Exception")) if isinstance(name, ast.Name)}
            for inside in node.body:
                visit(inside, caught or bool(names & {"ValueError", "UnicodeDecodeError", "UnicodeError", "Exception"}))
            for outside in (*node.handlers, *node.orelse, *node.finalbody):
                visit(outside, caught)
            return
        for child in ast.iter_child_nodes(node):
            visit(child, caught)

    visit(ast.parse(text), False)
    return found


def reads_text(call: ast.Call) -> bool:
    """Whether it opens or reads a file as text, with Python's own answer to bytes that are none."""
    name = f".{call.func.attr}" if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
    words = {word.arg: word.value for word in call.keywords}
    if "errors" in words or None in words:
        return False
    if name == ".read_text":
        return True
    if name not in ("open", ".fdopen"):
        return False
    modes = [*call.args[1:2], *([words["mode"]] if "mode" in words else [])]
    mode = modes[0].value if modes and isinstance(modes[0], ast.Constant) and isinstance(modes[0].value, str) else "r"
    return not set(mode) & set("bwax")


def system_python() -> str:
    """A Python that has pip: ours is made by uv and has none."""
    return getattr(sys, "_base_executable", "python3")


def registry_hosts() -> set[str]:
    """Hosts of the package registries this machine uses, as its own configuration names them."""
    texts = []
    for path in [*Path("/etc/apt").glob("sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]:
        texts += re.findall(r"[a-z+]+://([^/ \n]+)", path.read_text(encoding="utf-8", errors="replace"))
    for command in (["go", "env", "GOPROXY", "GOSUMDB"], ["pip", "config", "list"], ["npm", "config", "get", "registry"], [system_python(), "-c", PIP_HOSTS]):
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout
        except (OSError, subprocess.TimeoutExpired):
            continue
        texts += re.findall(r"[a-z]+://([^/ ,'\"\n]+)", said) + ([] if command[0] in ("pip", "npm") else said.split())
    return {host.split("@")[-1] for host in texts if re.fullmatch(r"[\w.-]+\.[a-z]{2,}(:\d+)?", host.split("@")[-1]) and "." in host}
