# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passwords and keys: characters, and which of them will be generated. Never a value in the report."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..interface import CREDENTIALS, SECRET_FILES
from ..model import CONTROLLER, Finding, Host, Site

SAFE = re.compile(r"[A-Za-z0-9]+\Z")
EXPECTED = "letters and digits only"
REASON = "W&B puts it into an address without encoding it, and MinIO and Redis break on others: choose another"


def bad_characters(value: str) -> str:
    """What a secret has besides letters and digits, in words and without the secret itself."""
    others = sorted(set(re.sub(r"[A-Za-z0-9]", "", value)))
    names = {" ": "space", "\n": "line end", "\t": "tab"}
    return " ".join(names.get(char, char if char.isascii() else "non-ASCII") for char in others)


def supplied(site: Site) -> Iterator[Finding]:
    """Secrets that the inventory supplies."""
    for host in [site.controller, *site.hosts.values()]:
        for name in CREDENTIALS:
            value = host.variables.get(name) if host.variables.is_supplied(name) else None
            if isinstance(value, str) and value and not SAFE.match(value):
                yield Finding(host.name, name, "(hidden) contains %s" % bad_characters(value), EXPECTED, REASON)


def directory(site: Site) -> str:
    """Where generated secrets are kept on the controller."""
    return site.controller.text("site_secrets_dir") or site.controller.text("preflight_secrets_dir")


def path_of(site: Site, name: str) -> str:
    return "%s/%s" % (directory(site).rstrip("/"), name)


def is_replaced(site: Site, name: str) -> bool:
    """Whether the inventory supplies the secret, so that its file is not used."""
    hosts: list[Host] = [site.controller, *site.hosts.values()]
    return any(host.variables.is_supplied(variable) for variable in SECRET_FILES[name][0] for host in hosts)


def stored(site: Site) -> Iterator[Finding]:
    """Secrets of an earlier run, or put there by hand."""
    for name in SECRET_FILES:
        content = None if is_replaced(site, name) else site.read_file(path_of(site, name))
        if content is None:
            continue
        value = content.decode("utf-8", "replace").split(" salt=")[0].rstrip("\n")
        path = path_of(site, name)
        if not value:
            yield Finding(CONTROLLER, path, "an empty file", "a password", "delete the file, and a password will be generated")
        elif not SAFE.match(value):
            yield Finding(CONTROLLER, path, "(hidden) contains %s" % bad_characters(value), EXPECTED, REASON)


def to_generate(site: Site) -> list[str]:
    """Names of the secrets that this run will generate."""
    return [
        name
        for name, (_variables, groups) in SECRET_FILES.items()
        if any(site.has(group) for group in groups) and not is_replaced(site, name) and site.read_file(path_of(site, name)) is None
    ]


RULES = (supplied, stored)
