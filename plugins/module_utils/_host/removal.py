# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes what the collection has put on a host, and nothing else. PRIVATE to the collection.

Looking never changes anything and finds every reason to refuse; only then is anything removed. What is a mount point, or a link to a directory, is
emptied and stays: it is the administrator's. Nothing is removed on the other side of a mount.
"""

from __future__ import annotations

import dataclasses
import errno
import fnmatch
import glob
import json
import os
import re
import shlex
import stat
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host.files import UNIT_SUFFIXES, UNITS

# A directory below one of this name is ours, whatever it holds.
OWN = "onprem-wandb"
# Directories of the system: a variable that names one of them is a mistake.
SYSTEM = frozenset(
    "/ /bin /boot /dev /etc /etc/systemd /etc/systemd/system /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /usr/bin /usr/lib"
    " /usr/local /usr/local/bin /usr/local/lib /usr/local/sbin /usr/sbin /usr/share /var /var/cache /var/lib /var/log /var/spool /var/tmp".split()
)
# What an empty file system holds.
NOTHING = ("lost+found",)
LINKED = ("/usr/local/bin", "/opt/cni/bin")
RECORD = ".artifact.json"

REMOVE = "remove"
EMPTY = "empty"


class Refused(Exception):
    """Nothing of this path may be removed; the text says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One declared path.

    path: absolute; its last part may be a shell pattern.
    holds: shell patterns below a directory, one of which proves that it is ours. A directory that holds none of them is refused.
    only: shell patterns of the names in a directory; one with any other name in it is refused.
    keep: whether the directory itself stays: a package of the distribution has it.
    if_empty: a directory that goes when it is empty, and else stays without a word.
    artifacts: the directory of release files; the links to them go with it.
    """

    path: str
    holds: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    keep: bool = False
    if_empty: bool = False
    artifacts: bool = False


@dataclasses.dataclass(frozen=True)
class Target:
    """One path that is there.

    keep: mount points inside it that stay, with the directories above them.
    last: patterns of what proves that it is ours. It goes last, so that a run that was cut off can be done again.
    """

    path: str
    kind: str  # file, link, directory
    action: str  # REMOVE, EMPTY
    keep: frozenset[str] = frozenset()
    last: tuple[str, ...] = ()


def mount_points(mountinfo: str) -> list[str]:
    """The mount points in the text of /proc/self/mountinfo. The kernel writes blanks and the like as \\040."""
    fields = [line.split(" ") for line in mountinfo.split("\n")]
    return [re.sub(r"\\([0-7]{3})", lambda code: chr(int(code.group(1), 8)), one[4]) for one in fields if len(one) > 4]


def below(path: str, parent: str) -> bool:
    """Whether path is inside parent."""
    return path.startswith(parent.rstrip("/") + "/")


def names_in(path: str) -> list[str]:
    """Sorted names in a directory, without what every file system has."""
    return sorted(name for name in os.listdir(path) if name not in NOTHING)


def matches(name: str, patterns: t.Iterable[str]) -> bool:
    """Whether a name is one of those that are meant."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def is_ours(path: str, entry: Entry) -> bool:
    """Whether a directory that holds something may be removed."""
    if OWN in path.split("/") or (entry.only and not entry.holds):
        return True
    return any(True for pattern in entry.holds for _match in glob.iglob(os.path.join(glob.escape(path), pattern)))


def look(entry: Entry, mounts: t.Sequence[str], declared: t.Collection[str] = ()) -> list[Target]:
    """What of an entry is there. declared: paths of all entries; a mount point among them may lie inside another entry. Raises Refused."""
    path = entry.path.rstrip("/")
    if not os.path.isabs(path) or os.path.normpath(path) != path:
        raise Refused(
            f"{entry.path!r} is no plain absolute path; expected one such as /var/lib/mysql. "
            f"Next: ansible-inventory -i <inventory> --list | grep -n {entry.path!r}; correct the variable that names it."
        )
    found = []
    for one in sorted(glob.glob(path)) if glob.has_magic(os.path.basename(path)) else [path]:
        target = look_at(one, entry, mounts, declared)
        if target is not None:
            found.append(target)
    if entry.artifacts:
        found = [Target(link, "link", REMOVE) for link in artifact_links(path)] + found
    return found


def look_at(path: str, entry: Entry, mounts: t.Sequence[str], declared: t.Collection[str]) -> t.Optional[Target]:
    """One path, None when nothing is to be done."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    real = os.path.realpath(path)
    if {path, real} & SYSTEM:
        raise Refused(
            f"{path} is a directory of the system; expected one of this site. Nothing was changed. "
            f"Next: ansible-inventory -i <inventory> --list | grep -n {path}; correct the variable that names it."
        )
    link = stat.S_ISLNK(mode)
    if link and path.endswith(UNIT_SUFFIXES) and path.startswith(UNITS):
        return None  # an alias or a mask: of somebody else's unit
    if not os.path.isdir(path) or (link and not (entry.holds or entry.only)):
        return Target(path, "link" if link else "file", REMOVE)
    return look_into(path, real, entry, mounts, declared)


def look_into(path: str, real: str, entry: Entry, mounts: t.Sequence[str], declared: t.Collection[str]) -> t.Optional[Target]:
    """A directory, or a link to one."""
    stays = entry.keep or path != real or real in mounts
    names = names_in(real)
    if not names:
        return None if stays else Target(path, "directory", REMOVE)
    if entry.if_empty:
        return None
    strangers = [name for name in names if entry.only and not matches(name, entry.only)]
    if strangers or not is_ours(real, entry):
        expected = f"nothing but {', '.join(entry.only)}" if strangers else f"one of {', '.join(entry.holds)}" if entry.holds else "a directory of this site"
        raise Refused(
            f"{path} holds {', '.join((strangers or names)[:5])}; expected {expected}. It is not of this site, and nothing was changed."
            f" Next: ls -la {shlex.quote(path)}; move away what is not the site's, or correct the variable that names the directory."
        )
    inside = sorted(point for point in mounts if below(point, real))
    foreign = [point for point in inside if point not in declared]
    if foreign:
        raise Refused(
            f"{', '.join(foreign)} is mounted in {path}, which would be removed with all that it holds. Nothing was changed."
            f" Next: umount {shlex.quote(foreign[0])}; then run this again."
        )
    if inside and not without(real, inside):
        return None
    proofs = tuple(pattern.split("/")[0] for pattern in entry.holds)
    return Target(path, "directory", EMPTY if stays or inside else REMOVE, frozenset(inside), proofs)


def without(path: str, keep: t.Iterable[str]) -> bool:
    """Whether a directory holds more than mount points and the directories above them."""
    points = list(keep)
    for name in names_in(path):
        one = os.path.join(path, name)
        if one in points:
            continue
        if not any(below(point, one) for point in points) or without(one, points):
            return True
    return False


def artifact_links(root: str) -> list[str]:
    """Links to release files: where the records below root say, and where programs usually are."""
    folders = set(LINKED)
    for record in glob.glob(os.path.join(glob.escape(root), "*", "*", RECORD)):
        try:
            with open(record, encoding="utf-8") as stream:
                folders |= {os.path.dirname(path) for path in json.load(stream)["links"]}
        except (OSError, ValueError, KeyError, TypeError):
            continue  # of a run that was cut off; the others name the same directories
    found = []
    for folder in sorted(folders):
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            if os.path.islink(path) and below(os.readlink(path), root):
                found.append(path)
    return found


def problems(entries: t.Sequence[Entry], mounts: t.Sequence[str]) -> tuple[list[Target], list[str]]:
    """Everything that is there, and every reason not to begin."""
    declared = {os.path.realpath(entry.path) for entry in entries}
    targets: list[Target] = []
    refused: list[str] = []
    for entry in entries:
        try:
            targets += look(entry, mounts, declared)
        except Refused as refusal:
            refused.append(str(refusal))
    return targets, refused


def remove(target: Target) -> None:
    """Carry out what was found. Raises OSError; run again, it goes on where it was."""
    if not os.path.lexists(target.path):
        return  # it went with a directory above
    if target.kind != "directory":
        os.unlink(target.path)
        return
    real = os.path.realpath(target.path)
    handle = os.open(real, os.O_RDONLY | os.O_DIRECTORY)
    try:
        skip = target.keep | {os.path.join(real, name) for name in NOTHING if target.action == EMPTY}
        names = sorted(os.listdir(handle), key=lambda name: (matches(name, target.last), name))
        empty(handle, real, os.fstat(handle).st_dev, skip, names)
    finally:
        os.close(handle)
    if target.action == REMOVE:
        os.rmdir(real)


def empty(handle: int, path: str, device: int, keep: t.Collection[str], names: t.Sequence[str]) -> None:
    """Remove these names of an open directory. They are resolved in it and never through a link, so nobody can lead this elsewhere."""
    for name in names:
        one = os.path.join(path, name)
        if one in keep:
            continue
        if not stat.S_ISDIR(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=handle)
            continue
        child = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
        try:
            if os.fstat(child).st_dev != device:
                raise OSError(errno.EXDEV, "another file system is mounted there", one)
            empty(child, one, device, keep, os.listdir(child))
        finally:
            os.close(child)
        if not any(below(point, one) for point in keep):
            os.rmdir(name, dir_fd=handle)


def tidy(path: str) -> list[str]:
    """Remove the empty directories of ours above a path that is gone; those that went."""
    gone: list[str] = []
    parent = os.path.dirname(path)
    while OWN in parent.split("/") and not os.path.ismount(parent) and not os.path.islink(parent):
        try:
            os.rmdir(parent)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT):
                raise
            if error.errno == errno.ENOTEMPTY:
                break
        else:
            gone.append(parent)
        parent = os.path.dirname(parent)
    return gone
