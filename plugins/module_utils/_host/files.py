# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declared file needs, compared with what is on the disk. PRIVATE to the collection."""

from __future__ import annotations

import os
import stat
import typing as t

# Where systemd keeps units of the administrator. A link in there is an alias or a mask that belongs to somebody else's unit.
UNITS = ("/etc/systemd/system/", "/run/systemd/system/", "/usr/local/lib/systemd/system/")
UNIT_SUFFIXES = (".service", ".socket", ".timer", ".target", ".mount", ".path", ".slice")
KEY = "PRIVATE KEY-----"

CREATE = "create"
REPLACE = "replace"
REMOVE = "remove"
KEEP = "keep"


def wanted_bytes(entry: t.Mapping[str, t.Any]) -> bytes:
    """The content of an entry, public or secret."""
    text = entry.get("content")
    if text is None:
        text = entry.get("secret_content")
    return (text or "").encode("utf-8")


def problems(entries: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """Sentences about entries that cannot be meant."""
    found = []
    seen: set[str] = set()
    for entry in entries:
        path, state = entry["path"], entry["state"]
        texts = [name for name in ("content", "secret_content") if entry.get(name) is not None]
        if not os.path.isabs(path):
            found.append(f"path {path!r} is not absolute.")
        if path in seen:
            found.append(f"{path} is declared twice.")
        seen.add(path)
        if state == "file" and len(texts) != 1:
            found.append(f"{path}: a file needs exactly one of content and secret_content, given {texts or 'none'}.")
        if state != "file" and texts:
            found.append(f"{path}: {texts[0]} is for files, state is {state}.")
        if state == "file" and entry.get("mode") is None:
            found.append(f"{path}: a file needs a mode, for example '0644'.")
    return found


def read(path: str) -> t.Optional[bytes]:
    """Content of a regular file, None when there is none."""
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def unit_link(path: str) -> str:
    """The sentence about a unit file that is a link: what it points to is another package's, and would be overwritten."""
    target, name = os.readlink(path), os.path.basename(path)
    if os.path.realpath(path) == "/dev/null":
        return f"is a link to /dev/null: somebody masked {name} on this host; expected a file of its own. Nothing was changed. Next: systemctl unmask {name}"
    owner = os.path.basename(target)
    return (
        f"is a link to {target}: another package uses the name {name} for its unit {owner}; expected a file of its own. The link was not followed."
        f" Next: systemctl disable --now {owner} (which removes the link), or remove that package"
    )


def decide(entry: t.Mapping[str, t.Any], units: t.Sequence[str] = UNITS) -> str:
    """Which of create, replace, remove, keep brings the path into the declared state. Raises ValueError with a sentence.

    units: directories in which a link is never followed.
    """
    path, state = entry["path"], entry["state"]
    try:
        kind = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return KEEP if state == "absent" else CREATE
    if state == "absent":
        if stat.S_ISDIR(kind):
            raise ValueError(f"{path} is a directory and this module removes only files and links. Remove it yourself when it is not needed.")
        return REMOVE
    if stat.S_ISLNK(kind):
        if path.endswith(UNIT_SUFFIXES) and path.startswith(tuple(units)):
            raise ValueError(unit_link(path))
        try:
            kind = os.stat(path).st_mode
        except FileNotFoundError:
            raise ValueError(f"{path} is a link that points to nothing ({os.readlink(path)}). Remove the link and run again.") from None
    if state == "directory":
        if not stat.S_ISDIR(kind):
            raise ValueError(f"{path} exists and is no directory. Move it away and run again.")
        return KEEP
    if not stat.S_ISREG(kind):
        raise ValueError(f"{path} exists and is no regular file. Move it away and run again.")
    return KEEP if read(path) == wanted_bytes(entry) else REPLACE


def diff(entry: t.Mapping[str, t.Any], action: str) -> t.Optional[dict[str, str]]:
    """Before and after for --diff; the content of secrets is never shown."""
    path = entry["path"]
    if action == KEEP:
        return None
    if action == REMOVE:
        # Nobody says any more whether it was a secret.
        before, after = "there\n", "absent\n"
    elif entry["state"] == "directory":
        before, after = "absent\n", "directory\n"
    elif entry.get("secret_content") is not None:
        before = "absent\n" if action == CREATE else "a secret\n"
        after = "another secret\n" if action == REPLACE else "a secret\n"
    else:
        old = None if action == CREATE else read(path)
        before = shown(old.decode("utf-8", "replace")) if old is not None else ""
        after = shown(wanted_bytes(entry).decode("utf-8"))
    return {"before": before, "after": after, "before_header": path, "after_header": path}


def shown(text: str) -> str:
    """The text for a diff. A private key is no public content, whoever put it there: a bundle that also holds its key, or what the path was before."""
    return "(holds a private key, not shown)\n" if KEY in text else text


def missing_parents(path: str) -> list[str]:
    """Directories above path that do not exist, outermost first."""
    found: list[str] = []
    parent = os.path.dirname(path.rstrip("/"))
    while parent and not os.path.isdir(parent):
        found.insert(0, parent)
        parent = os.path.dirname(parent)
    return found
