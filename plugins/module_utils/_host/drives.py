# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file system a path lies on, and whether data should. PRIVATE to the collection."""

from __future__ import annotations

import os
import re
import typing as t


def unescape(text: str) -> str:
    """Octal escapes of mountinfo."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)


def mounts(mountinfo: str) -> list[dict[str, str]]:
    """Mount points with device and file system; later ones cover earlier ones."""
    found = []
    for line in mountinfo.split("\n"):  # a path may hold what splitlines() and split() take for an end
        left, mark, right = line.partition(" - ")
        fields, rest = left.split(" "), right.split(" ")
        if mark and len(fields) >= 6 and len(rest) >= 2:
            found.append({"mount_point": unescape(fields[4]), "device": unescape(rest[1]), "file_system": rest[0], "number": fields[2], "options": fields[5]})
    return found


def mount_of(path: str, table: t.Sequence[t.Mapping[str, str]]) -> dict[str, str]:
    """The mount a path lies on, or would when it existed."""
    real = os.path.realpath(path)
    best: dict[str, str] = {}
    for mount in table:
        point = mount["mount_point"]
        inside = point == "/" or real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best.get("mount_point", "")):
            best = dict(mount)
    return best


def here() -> list[dict[str, str]]:
    """The mounts of this host."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as handle:
        return mounts(handle.read())


def look(paths: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """Everything about the drive of each path."""
    table = here()
    root = mount_of("/", table).get("number", "")
    return [measure(path, table, root) for path in paths]


def measure(path: str, table: t.Sequence[t.Mapping[str, str]], root_number: str) -> dict[str, t.Any]:
    """Everything about the drive of one path."""
    mount = mount_of(path, table)
    space = os.statvfs(mount.get("mount_point", "/"))
    return {
        "path": path,
        "mount_point": mount.get("mount_point", "unknown"),
        "device": mount.get("device", "unknown"),
        "file_system": mount.get("file_system", "unknown"),
        "root_disk": mount.get("number") == root_number,
        "bytes_total": space.f_blocks * space.f_frsize,
        "bytes_free": space.f_bavail * space.f_frsize,
    }


class Fault(t.NamedTuple):
    """A drive that data should not be on."""

    seen: str
    expected: str
    remedy: str

    def sentence(self) -> str:
        return f"{self.seen}; expected {self.expected}: {self.remedy}"


def faults(drives: t.Sequence[t.Mapping[str, t.Any]], allow_root_disk: bool, file_systems: t.Sequence[str]) -> list[Fault]:
    """Drives that data should not be on."""
    found = []
    kinds = " or ".join(file_systems) or "any type"
    for drive in drives:
        where = f"{drive['path']} is on {drive['device']} ({drive['file_system']}, mounted at {drive['mount_point']})"
        if drive["root_disk"] and not allow_root_disk:
            remedy = f"a full bucket would stop the host. Mount a drive with {kinds} at {drive['path']} and write it into /etc/fstab"
            found.append(Fault(f"{where}, the root file system", f"a file system of its own, {kinds}", remedy))
        elif file_systems and drive["file_system"] not in file_systems:
            found.append(Fault(where, kinds, f"make one there, or add {drive['file_system']} to minio_file_systems"))
    if not allow_root_disk:
        seen: dict[str, str] = {}
        for drive in drives:
            other = seen.setdefault(drive["device"], drive["path"])
            if other != drive["path"]:
                where = f"{drive['path']} and {other} are on the same file system {drive['device']}"
                found.append(Fault(where, "a drive for each", "erasure coding protects from nothing otherwise. Mount another drive at one of them"))
    return found
