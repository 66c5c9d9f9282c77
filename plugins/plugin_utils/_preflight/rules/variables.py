# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Required variables, types, templates that fail, names that no role knows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..interface import SITE_OPTIONS
from ..model import PROBLEM, SITE, WARNING, Finding, Host, Site
from ..types import complaints, is_empty

SECRET_NAME = re.compile(r"(password|passwd|secret|private_key|access_key|token|license)", re.IGNORECASE)
SECRET_PATH = re.compile(r"(_dir|_file|_path|_name)\b")
SHOWN = 60


def options_of(site: Site) -> Iterator[tuple[str, Mapping[str, Any], Host]]:
    """Every public variable with its option and every host on which it matters."""
    for name, option in SITE_OPTIONS.items():
        for host in [site.controller, *site.hosts.values()]:
            yield name, option, host
    for role, options in site.specs.items():
        for host in site.targets(role):
            for name, option in options.items():
                yield name, option, host


def is_secret(name: str, option: Mapping[str, Any]) -> bool:
    """Whether a value must not be printed."""
    return bool(option.get("no_log")) or bool(SECRET_NAME.search(name) and not SECRET_PATH.search(name))


def shown(name: str, value: Any, option: Mapping[str, Any]) -> str:
    """A value for the report, cut to a readable length; a secret only by its length."""
    if value is None or value == "":
        return "empty"
    if is_secret(name, option):
        return "(hidden, %d characters)" % len(str(value))
    text = '"%s"' % value if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def one_value(site: Site, group: str, names: Iterable[str]) -> Iterator[Finding]:
    """Hosts of a group that disagree about what all of them must say alike."""
    members = site.members(group)
    for name in names:
        said = {host.name: host.variables.get(name) for host in members if host.variables.is_supplied(name)}
        if len({str(value) for value in said.values()}) > 1 or (said and len(said) < len(members)):
            seen = ", ".join("%s: %s" % (host.name, told(name, said[host.name]) if host.name in said else "not set") for host in members)
            remedy = "set it in group_vars/%s.yml instead of host_vars; %s: <value>" % (group, name)
            yield Finding(SITE, name, seen, "one value for all hosts of group %s" % group, remedy)


def told(name: str, value: Any) -> str:
    """A value as it is; of a secret only that there is one."""
    return "(hidden)" if is_secret(name, {}) else str(value)


def required(site: Site) -> Iterator[Finding]:
    """Variables without a usable default that are missing or empty."""
    for name, option, host in options_of(site):
        if not option.get("required") or name in host.variables.errors:
            continue
        if name in SITE_OPTIONS and host is not site.controller:
            continue
        value = host.variables.get(name)
        if is_empty(value) and name not in host.variables.errors:
            state = "empty" if host.variables.is_supplied(name) else "not set"
            yield Finding(host.name, name, state, first_words(option, "a value"), "in group_vars/all.yml of the inventory %s: <value>" % name)


def first_words(option: Mapping[str, Any], fallback: str) -> str:
    """What a variable is, from the first sentence of its description."""
    description = option.get("description", "")
    text = description[0] if isinstance(description, (list, tuple)) and description else str(description or "")
    sentence = re.sub(r"[A-Z]\(([^)]*)\)", r"\1", text).split(". ")[0].rstrip(".")
    return sentence or fallback


def types(site: Site) -> Iterator[Finding]:
    """Supplied values of the wrong type, values outside the choices, unknown keys in mappings."""
    for name, option, host in options_of(site):
        if not host.variables.is_supplied(name):
            continue
        value = host.variables.get(name)
        if name in host.variables.errors:
            continue
        for path, bad, expected, remedy in complaints(name, value, option):
            # The remedy quotes what was written, which a secret must not be.
            how = "%s: <%s, in quotes where it is text>" % (path, expected.partition(",")[0]) if is_secret(path, option) else remedy
            yield Finding(host.name, path, shown(path, bad, option), expected, how)


def templates(site: Site) -> Iterator[Finding]:
    """Variables that could not be evaluated. Must run last: the other rules fill the list by asking."""
    for host in [site.controller, *site.hosts.values()]:
        for name, reason in host.variables.errors.items():
            remedy = "%s; ansible-inventory -i <inventory> --host %s shows where it stands" % (reason, host.name)
            yield Finding(host.name, name, "cannot be evaluated", "a value", remedy)


def unknown(site: Site) -> Iterator[Finding]:
    """Names that look like a misspelt variable of a role: Ansible would ignore them without a word."""
    known = set(SITE_OPTIONS)
    for options in site.specs.values():
        known.update(options)
    prefixes = (*(role + "_" for role in site.specs), "site_", "artifacts_")
    for host in [site.controller, *site.hosts.values()]:
        for name in host.variables.supplied():
            if name in known or not name.startswith(prefixes):
                continue
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.88)
            if near:
                yield Finding(host.name, name, "set", "a variable that a role reads", "did you mean %s: <value>? %s is ignored" % (near[0], name), WARNING)


RULES = (required, types, unknown)
BY_OPTIONS = (required, types, templates)  # what Ansible would say role by role and host by host
__all__ = ["BY_OPTIONS", "PROBLEM", "RULES", "templates"]
