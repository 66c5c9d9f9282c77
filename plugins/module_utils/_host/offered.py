# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host's package manager has what roles will install. Asks, never installs; what is fetched for that goes away. PRIVATE to the collection."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import typing as t

ENTERPRISE_IDS = ("rhel", "almalinux", "rocky", "centos", "ol")
DPKG_FORMAT = "${db:Status-Abbrev}|${Package}|${Version}\\n"
RPM_FORMAT = "%{NAME}|%{VERSION}\\n"
DNF_FORMAT = "%{name}|%{version}\\n"
# A repository that is gone must not hold the report up for minutes.
PATIENCE = ("-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20", "-o", "Acquire::Retries=0")
SHOWN = 3

# Runs a program: exit code, output, errors.
Run = t.Callable[[list[str]], "tuple[int, str, str]"]
Wanted = t.Mapping[str, str]  # name, oldest, below
Json = dict[str, t.Any]


def system_of(release: t.Mapping[str, t.Any]) -> str:
    """What packages are named by: `debian 12`, `ubuntu 24.04`, `el 9`."""
    name, version = str(release["id"]), str(release["version"])
    return "el %s" % version.split(".", maxsplit=1)[0] if name in ENTERPRISE_IDS else "%s %s" % (name, version)


def numbers(version: str) -> list[int]:
    """What upstream calls the version, without a distribution's epoch and revision."""
    return [int(part) for part in re.findall(r"\d+", version.rpartition(":")[2].split("-")[0].split("+")[0])]


def fits(version: str, wanted: Wanted) -> bool:
    """Whether a version is in the range; an empty one is none."""
    if not version:
        return False
    oldest, below = numbers(wanted.get("oldest", "")), numbers(wanted.get("below", ""))
    return numbers(version) >= oldest and (not below or numbers(version) < below)


def installed_debs(output: str) -> dict[str, str]:
    """Package to version, of those that dpkg-query calls properly installed."""
    found = {}
    for line in output.splitlines():
        status, name, version = (line.split("|") + ["", ""])[:3]
        if status[1:2] == "i" and status[2:3] in (" ", ""):
            found[name] = version
    return found


def candidates(output: str) -> dict[str, str]:
    """Package to the version that apt would install, out of `apt-cache policy`."""
    found: dict[str, str] = {}
    name = ""
    for line in output.splitlines():
        if line and not line[0].isspace():
            name = line.rstrip(":")
        elif line.strip().startswith("Candidate:") and "(none)" not in line:
            found[name] = line.split()[1]
    return found


def piped(output: str) -> dict[str, str]:
    """Package to version, of lines `name|version`; the first line of a name counts."""
    found: dict[str, str] = {}
    for line in output.splitlines():
        name, pipe, version = line.strip().partition("|")
        if pipe:
            found.setdefault(name, version)
    return found


def silent(output: str) -> list[str]:
    """Repositories that did not answer, as apt and dnf name them, without what their addresses may say about who asks.

    What apt prints on the way: of its last lines one that is an error hides all that are warnings.
    """
    said = ["%s: %s" % found for found in re.findall(r"^Err:\d+ (.*)\n\s+(.*)", output, re.MULTILINE)]
    said += re.findall(r"^Error: (Failed to download.*)", output, re.MULTILINE)
    return list(dict.fromkeys(re.sub(r"(?<=//)[^/@\s]*@", "", line) for line in said))[:SHOWN]


def lacking(wanted: t.Sequence[Wanted], installed: t.Mapping[str, str], offered: t.Mapping[str, str]) -> list[Json]:
    """Those of which neither what is installed nor what would be installed fits. What is installed is not replaced."""
    found = []
    for package in wanted:
        name = package["name"]
        seen = installed.get(name) or offered.get(name, "")
        if not fits(seen, package):
            found.append({**package, "seen": seen, "installed": name in installed})
    return found


def apt(run: Run, wanted: t.Sequence[Wanted], work: str) -> Json:
    """Debian, Ubuntu. A host whose own lists do not have a package, or that has no lists yet, is asked again with fresh ones in a directory that goes again."""
    names = [package["name"] for package in wanted]
    installed = installed_debs(run(["dpkg-query", "--show", "--showformat=%s" % DPKG_FORMAT, *names])[1])
    ask = [name for name in names if name not in installed]
    offered = candidates(run(["apt-cache", "policy", *ask])[1]) if ask else {}
    left = lacking(wanted, installed, offered)
    if all(package["installed"] for package in left):
        return {"lacking": left, "silent": []}
    lists = os.path.join(work, "lists")
    os.makedirs(os.path.join(lists, "partial"))
    caches = {"Dir::State::lists": lists, "Dir::Cache::pkgcache": "", "Dir::Cache::srcpkgcache": ""}
    settings = {**caches, "Acquire::Languages": "none", "APT::Sandbox::User": "root"}
    options = [word for key, value in settings.items() for word in ("-o", "%s=%s" % (key, value))]
    _code, output, errors = run(["apt-get", *options, *PATIENCE, "-q", "update"])
    offered = candidates(run(["apt-cache", *options, "policy", *ask])[1])
    return {"lacking": lacking(wanted, installed, offered), "silent": silent(output + "\n" + errors)}


def dnf(run: Run, wanted: t.Sequence[Wanted]) -> Json:
    """Enterprise Linux. `@redis:7` is a stream of a module, whose package has the module's name."""
    packages = [{**package, "name": package["name"].lstrip("@").partition(":")[0]} for package in wanted]
    installed = piped(run(["rpm", "-q", "--queryformat", RPM_FORMAT, *[package["name"] for package in packages]])[1])
    streams = {there["name"]: asked["name"][1:] for asked, there in zip(wanted, packages) if asked["name"].startswith("@") and there["name"] not in installed}
    offered: dict[str, str] = {}
    errors = ""
    for name, stream in streams.items():
        code, _output, said = run(["dnf", "-q", "module", "info", stream])
        offered.update({name: stream.partition(":")[2] or "0"} if code == 0 else {})
        errors += said
    plain = [package["name"] for package in packages if package["name"] not in installed and package["name"] not in streams]
    if plain:
        _code, output, said = run(["dnf", "-q", "repoquery", "--latest-limit", "1", "--qf", DNF_FORMAT, *plain])
        offered.update(piped(output))
        errors += said
    left = lacking(packages, installed, offered)
    named = {there["name"]: asked["name"] for asked, there in zip(wanted, packages)}
    return {"lacking": [{**package, "name": named[package["name"]]} for package in left], "silent": silent(errors) if left else []}


def measure(run: Run, find: t.Callable[[str], t.Optional[str]], wanted: t.Sequence[Wanted]) -> Json:
    """What the host's package manager lacks of what is wanted, and which repositories did not answer when it was asked."""
    nothing: Json = {"lacking": [], "silent": []}
    if not wanted:
        return nothing
    if find("apt-get"):
        work = tempfile.mkdtemp()  # not module.tmpdir, which would be made on a host that never had one
        try:
            return apt(run, wanted, work)
        finally:
            shutil.rmtree(work)
    return dnf(run, wanted) if find("dnf") else nothing
