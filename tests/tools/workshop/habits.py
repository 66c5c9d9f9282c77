"""What the repository must never hold: registry hosts of this machine, private keys, swallowed errors, tests left out, large files, unfinished text."""

from __future__ import annotations

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
