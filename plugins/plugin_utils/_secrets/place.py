# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: where the secrets of a site are on the controller. The one rule, for every role and play.

A directory that is given with -i is read as inventory, file by file, and a file with one word is a host of that name: a password would be an inventory
host, printed and looked up in DNS. Ansible leaves names out that begin with a dot, in every directory that it descends to.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .._preflight.model import KNOWN_GROUPS
from . import known

NAME = ".secrets"
OLD_NAME = "secrets"
NEVER_READ = ("group_vars", "host_vars")  # Ansible leaves these out of a directory, as it does names with a dot


class Misplaced(Exception):
    """The secrets are not where they are safe, or nobody can say where they are. The text is for the operator."""


def named_by(variables: Mapping[str, Any]) -> list[str]:
    """The sources given with -i, those that name hosts of ours first: a further source may hold nothing but variables, or nothing at all (molecule's)."""
    sources = [str(source) for source in variables.get("ansible_inventory_sources") or ()]
    if len(sources) < 2:
        return sources
    groups, hostvars = variables.get("groups") or {}, variables.get("hostvars")
    hosts = list(dict.fromkeys(host for group in KNOWN_GROUPS for host in groups.get(group) or ()))
    dirs = {str(hostvars.raw_get(host).get("inventory_dir") or "") for host in hosts} if hostvars is not None else set()
    return with_hosts(sources, dirs)


def with_hosts(sources: Sequence[str], dirs: Collection[str]) -> list[str]:
    """The same sources in the same order, but first those in which one of the directories lies; a host knows the directory of the file that names it."""

    def names_one(source: str) -> bool:
        base = base_of([source], "")
        below = base.rstrip(os.sep) + os.sep if os.path.isdir(source) else "\n"  # nothing lies below a file
        return bool(base) and any(one == base or one.startswith(below) for one in dirs if one)

    return sorted(sources, key=lambda source: not names_one(source))


def base_of(sources: Sequence[str], inventory_dir: str) -> str:
    """Directory of the inventory: of its first source that is a directory or a file. One answer for all hosts, whichever source names them."""
    for source in sources:
        if os.path.isdir(source):
            return os.path.abspath(source)
        if os.path.exists(source):
            return os.path.dirname(os.path.abspath(source))
    return os.path.abspath(inventory_dir) if inventory_dir else ""


def directory(setting: str, sources: Sequence[str], inventory_dir: str = "") -> str:
    """The site's directory of secrets: what site_secrets_dir says, else .secrets beside the inventory. Raises Misplaced."""
    base = base_of(sources, inventory_dir)
    if not setting and not base:
        raise Misplaced(
            f"The inventory is {' '.join(sources) or 'no file'}: there is no directory to keep the site's secrets in. Nothing was changed. "
            "Next: set site_secrets_dir: <directory>, or -e site_secrets_dir=<directory>, the same one for every run of this site."
        )
    place = os.path.abspath(os.path.expanduser(setting)) if setting else os.path.join(base, NAME)
    refuse_inventory(place, sources, os.path.join(base, NAME) if base else "")
    if not setting:
        for old in dict.fromkeys(os.path.join(one, OLD_NAME) for one in (base, inventory_dir) if one):
            refuse_old(old, place)
    return place


def is_read(place: str, sources: Iterable[str]) -> str:
    """The source that has Ansible read the files of a directory as inventory; empty when none does."""
    real = os.path.realpath(place)
    for source in sources:
        if not os.path.isdir(source):
            continue
        for path, top in ((os.path.abspath(place), os.path.abspath(source)), (real, os.path.realpath(source))):
            parts = os.path.relpath(path, top).split(os.sep)
            if parts[0] != os.pardir and (parts == [os.curdir] or not any(part.startswith(".") or part in NEVER_READ for part in parts)):
                return source
    return ""


def refuse_inventory(place: str, sources: Iterable[str], better: str) -> None:
    """A directory of secrets must not lie where Ansible looks for hosts."""
    source = is_read(place, sources)
    if not source:
        return
    move = f"mv {shlex.quote(place)} {shlex.quote(better)}; then " if os.path.isdir(place) else ""
    raise Misplaced(
        f"site_secrets_dir is {place}, which lies in the inventory {source}: Ansible would read each password there as a host, print it and ask DNS for it. "
        f"Nothing was changed. Expected a directory that is no inventory. Next: {move}set site_secrets_dir: {better} (or remove it: that is its default)."
    )


def refuse_old(old: str, place: str) -> None:
    """The default was <inventory>/secrets once. What an old site has there is moved by the operator, never by a run."""
    there = ours(old)
    if not there:
        return
    what = f"{old} has this site's secrets ({', '.join(there[:3])}{' …' if len(there) > 3 else ''})"
    if ours(place):
        raise Misplaced(
            f"{what}, and so has {place}. Only the second one is used; the first one may be read as inventory, each password as a host. Nothing was changed. "
            f"Next: diff -r {shlex.quote(old)} {shlex.quote(place)}; then remove the one that is not this site's."
        )
    clear = f"rmdir {shlex.quote(place)} && " if os.path.isdir(place) and not os.listdir(place) else ""
    raise Misplaced(
        f"{what}, where Ansible reads each password as a host. They belong into {place}, whose name Ansible leaves out. Nothing was changed, nothing was "
        f"generated. Next: {clear}mv {shlex.quote(old)} {shlex.quote(place)}"
    )


def ours(directory_of: str) -> list[str]:
    """Our files that a directory has."""
    return [name for name in known.FILES if os.path.isfile(os.path.join(directory_of, name))]


def hosts_that_are_secrets(names: Iterable[str], directories: Iterable[str]) -> list[str]:
    """Files whose content is the name of a host of the inventory."""
    hosts = set(names)
    found = []
    for one in dict.fromkeys(directories):
        for name in sorted(os.listdir(one)) if os.path.isdir(one) else []:
            path = os.path.join(one, name)
            try:
                with open(path, encoding="utf-8") as handle:
                    text = handle.read(4096).split(" salt=")[0].strip()
            except (OSError, UnicodeDecodeError):
                continue
            if text in hosts and name.startswith(tuple(secret.name for secret in known.KNOWN)):
                found.append(path)
    return found
