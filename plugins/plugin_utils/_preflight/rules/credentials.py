# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passwords and keys: characters, and which of them will be generated. Never a value in the report."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator

from ... import _confirmation, _store_wiring
from ..._secrets import known, place
from ..interface import CREDENTIALS
from ..model import CONTROLLER, Finding, Host, Site

# Secrets that may have other characters, but no line: what ends with one was encrypted out of a file or a pipe.
ONE_LINE = ("wandb_license", "mysql_backup_password", "redis_external_password", "bucket_check_secret_key", "minio_backup_restore_secret_key")
SAFE = re.compile(r"[A-Za-z0-9]+\Z")
EXPECTED = "letters and digits only"
REASON = "W&B puts it into an address without encoding it, and MinIO and Redis break on others; openssl rand -hex 16 makes one"


def bad_characters(value: str) -> str:
    """What a secret has besides letters and digits, in words and without the secret itself."""
    others = sorted(set(re.sub(r"[A-Za-z0-9]", "", value)))
    names = {" ": "space", "\n": "line end", "\t": "tab"}
    return " ".join(names.get(char, char if char.isascii() else "non-ASCII") for char in others)


def characters(host: Host, name: str) -> Iterator[Finding]:
    """A secret in a variable."""
    value = host.variables.get(name)
    if isinstance(value, str) and value and not SAFE.match(value):
        yield Finding(host.name, name, "(hidden) contains %s" % bad_characters(value), EXPECTED, REASON)


def content(path: str, read_file: Callable[[str], bytes | None]) -> Iterator[Finding]:
    """A secret in a file of the controller; none there is no finding."""
    found = read_file(path)
    if found is None:
        return
    value = found.decode("utf-8", "replace").split(" salt=")[0].rstrip("\n")
    if not value:
        yield Finding(CONTROLLER, path, "an empty file", "a password", "put it back from where it is kept; on a new site: rm %s" % path)
    elif not SAFE.match(value):
        yield Finding(CONTROLLER, path, "(hidden) contains %s" % bad_characters(value), EXPECTED, REASON)


def supplied(site: Site) -> Iterator[Finding]:
    """Secrets that the inventory supplies."""
    for host in [site.controller, *site.hosts.values()]:
        for name in CREDENTIALS:
            if host.variables.is_supplied(name):
                yield from characters(host, name)


def line_ends(site: Site) -> Iterator[Finding]:
    """Blanks and line ends around a secret, which no eye sees and every server counts."""
    for host in [site.controller, *site.hosts.values()]:
        for name in ONE_LINE:
            value = host.variables.get(name) if host.variables.is_supplied(name) else None
            if isinstance(value, str) and value.strip() and (value != value.strip() or "\n" in value):
                seen = "(hidden) contains %s" % bad_characters("".join(char for char in value if char.isspace()))
                remedy = "%s: <the line alone>; printf %%s '<the line>' | ansible-vault encrypt_string --stdin-name %s" % (name, name)
                yield Finding(host.name, name, seen, "one line, without blanks around it", remedy)


def directory(site: Site) -> str:
    """Where generated secrets are kept on the controller."""
    return site.controller.text("site_secrets_dir") or site.controller.text("preflight_secrets_dir")


def path_of(site: Site, name: str) -> str:
    return "%s/%s" % (directory(site).rstrip("/"), name)


def is_replaced(site: Site, secret: known.Secret) -> bool:
    """Whether the inventory supplies the secret, so that its file is not used. Empty is not supplied."""
    hosts: list[Host] = [site.controller, *site.hosts.values()]
    return any(host.variables.is_supplied(variable) and host.variables.get(variable) != "" for variable in secret.variables for host in hosts)


def file_of(site: Site, secret: known.Secret) -> str:
    """The file that holds a secret now: a rotation of the bucket's key gives it another name."""
    if secret.name != "minio_secret_key":
        return secret.name
    supplied_key = next((host.text("minio_access_key") for host in site.hosts.values() if host.variables.is_supplied("minio_access_key")), "")
    content = site.read_file(path_of(site, known.ACCESS_KEY))
    return _store_wiring.secret_file(supplied_key or (content.decode("utf-8", "replace").strip() if content else "") or known.FIRST_ACCESS_KEY)


def wanted(site: Site) -> Iterator[tuple[known.Secret, str]]:
    """Secrets that this site takes from a file, each with the file's name."""
    for secret in known.KNOWN:
        if secret.variables and site.has(secret.group) and not is_replaced(site, secret) and (not secret.optional or asks_for(site, secret)):
            yield secret, file_of(site, secret)


def asks_for(site: Site, secret: known.Secret) -> bool:
    """Whether a site has what an optional secret is for: the mirror of the bucket has a second place."""
    return any(host.mapping("minio_backup_target").get("type") for host in site.members(secret.group))


def stored(site: Site) -> Iterator[Finding]:
    """Secrets of an earlier run, or put there by hand."""
    for _secret, name in wanted(site):
        yield from content(path_of(site, name), site.read_file)


def to_generate(site: Site) -> list[str]:
    """Names of the secrets that this run will generate."""
    return [name for _secret, name in wanted(site) if site.read_file(path_of(site, name)) is None]


def over_a_site_that_serves(site: Site) -> Iterator[Finding]:
    """Hosts were set up with secrets that are not here: another machine, a fresh clone, a wrong site_secrets_dir. New ones would lock W&B out."""
    if _confirmation.confirmed(site.controller.text("site_accept_new_secrets"), site.controller.text("site_name")):
        return
    missing = {secret.name: file for secret, file in wanted(site) if site.read_file(path_of(site, file)) is None}
    certificates = site.controller.text("certificates_dir") or path_of(site, "certificates")
    if site.read_file("%s/%s" % (certificates.rstrip("/"), known.BUNDLE)) is None:
        missing[known.BUNDLE] = "certificates/%s" % known.BUNDLE
    for host in site.hosts.values():
        proofs = host.measured.get("evidence") or {}
        lacking = {missing[secret]: str(proofs[secret]).split("::", maxsplit=1)[0] for secret in missing if secret in proofs}
        if lacking:
            value = "set up with %s (%s)" % (", ".join(lacking), ", ".join(sorted(set(lacking.values()))))
            remedy = "copy the site's secrets there from where they are kept, or name the place; site_secrets_dir: <directory>"
            yield Finding(host.name, "site_secrets_dir", value, "them in %s" % directory(site), remedy)


def places(site: Site) -> Iterator[Finding]:
    """A host that is named like the content of a secret: Ansible read the file as inventory."""
    there = directory(site)
    for path in place.hosts_that_are_secrets(site.groups.get("all", []), [there, os.path.join(os.path.dirname(there), place.OLD_NAME)] if there else []):
        remedy = "mv %s <another place>, or take out of -i what names it" % shlex.quote(path)
        yield Finding(CONTROLLER, path, "(hidden) is the name of a host", "a file that is not read as inventory", remedy)


RULES = (supplied, line_ends, stored, over_a_site_that_serves, places)
