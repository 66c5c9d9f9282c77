# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unpacking for the module artifact: every member is judged before the first byte is written. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import gzip
import os
import shutil
import stat
import tarfile
import tempfile
import typing as t
import zipfile

from ansible_collections.onprem.wandb.plugins.module_utils._artifact.plan import MARKER, ArtifactError

FILE, DIRECTORY, SYMLINK, HARDLINK, OTHER = "file", "directory", "symbolic link", "hard link", "device, pipe or other special file"
_CHUNK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Member:
    """One entry of an archive, as the archive states it."""

    name: str
    kind: str
    target: str = ""  # of a link
    executable: bool = False
    size: int = 0
    handle: t.Any = None  # what reads its content


@dataclasses.dataclass(frozen=True)
class Entry:
    """One entry of the tree to be written: a safe relative path."""

    path: str
    member: Member
    target: str = ""  # symbolic link: as stated; hard link: path in the tree


def judge(members: t.Iterable[Member], strip: int = 0) -> list[Entry]:
    """Return what to write, or raise ArtifactError for the first member that could reach outside the tree."""
    entries: dict[str, Entry] = {}
    for member in members:
        parts = _parts(member.name, member)
        if member.kind == OTHER:
            raise _refused(member, "it is a " + OTHER)
        parts = parts[strip:]
        if not parts:
            continue
        path = "/".join(parts)
        if parts[0] == MARKER:
            raise _refused(member, f"its name {MARKER} is reserved")
        entry = Entry(path, member, _target(member, strip, entries))
        if path in entries and not (member.kind == DIRECTORY and entries[path].member.kind == DIRECTORY):
            raise _refused(member, "the archive contains this path twice")
        entries.setdefault(path, entry)
    if not entries:
        raise ArtifactError(f"nothing is left after strip_components {strip}.")
    _check_parents(entries)
    _check_symlinks(entries)
    return list(entries.values())


def _refused(member: Member, why: str) -> ArtifactError:
    return ArtifactError(f"member {member.name!r} is refused: {why}.")


def _parts(name: str, member: Member) -> list[str]:
    if name.startswith("/"):
        raise _refused(member, "its path is absolute")
    if any(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) <= 0xDFFF for char in name):
        raise _refused(member, "its path contains control characters or bytes that are no UTF-8")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise _refused(member, "its path contains '..'")
    return parts


def _target(member: Member, strip: int, entries: t.Mapping[str, Entry]) -> str:
    if member.kind == SYMLINK:
        if not member.target or "\0" in member.target:
            raise _refused(member, "it is a symbolic link without a target")
        if member.target.startswith("/"):
            raise _refused(member, f"it is a symbolic link to the absolute path {member.target}")
        return member.target
    if member.kind == HARDLINK:
        path = "/".join(_parts(member.target, member)[strip:])
        if path not in entries or entries[path].member.kind != FILE:
            raise _refused(member, f"it is a hard link to {member.target!r}, which is no file that comes before it in the archive")
        return path
    return ""


def _check_parents(entries: t.Mapping[str, Entry]) -> None:
    """Nothing may be written through a link or below a file, whatever the order in the archive."""
    for path, entry in entries.items():
        parent = os.path.dirname(path)
        while parent:
            above = entries.get(parent)
            if above is not None and above.member.kind != DIRECTORY:
                raise _refused(entry.member, f"it lies below {above.member.name!r}, which is a {above.member.kind}")
            parent = os.path.dirname(parent)


def _check_symlinks(entries: t.Mapping[str, Entry]) -> None:
    """Follow every symbolic link as the kernel would, through the other links of the tree; it must never leave the tree."""
    for path, entry in entries.items():
        if entry.member.kind != SYMLINK:
            continue
        position = path.split("/")[:-1]
        todo = entry.target.split("/")[::-1]
        followed = 0
        while todo:
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not position:
                    raise _refused(entry.member, f"it is a symbolic link to {entry.target!r}, which leads out of the unpacked tree")
                position.pop()
                continue
            position.append(part)
            step = entries.get("/".join(position))
            if step is not None and step.member.kind == SYMLINK:
                followed += 1
                if followed > 40:
                    raise _refused(entry.member, "it is a symbolic link that leads to itself")
                position.pop()
                todo.extend(step.target.split("/")[::-1])


def unpack(archive: str, kind: str, strip: int, name: str, into: str, scratch: str, room: t.Callable[[int], None]) -> None:
    """Unpack archive into the new directory `into`. `room` raises if that many bytes do not fit on the disk."""
    try:
        if kind == "binary":
            room(os.path.getsize(archive))
            os.mkdir(into, 0o755)
            with open(archive, "rb") as program:
                _write(into, Entry(name, Member(name, FILE, executable=True)), program)
        elif kind == "zip":
            with zipfile.ZipFile(archive) as zipped:
                _unpack(judge(_zip_members(zipped), strip), into, room, lambda member: zipped.open(member.handle))
        elif kind == "tar":
            with open(archive, "rb") as plain:
                _unpack_tar(plain, strip, into, room)
        else:
            # Decompressed once, to a file without a name: the tar is read twice, first judged, then written, and xz is slow.
            with tempfile.TemporaryFile(dir=scratch) as plain:
                _decompress(archive, kind, plain, room)
                plain.seek(0)
                _unpack_tar(plain, strip, into, room)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
        raise ArtifactError(f"it cannot be read as {kind}: {error}.") from error


def _unpack_tar(plain: t.IO[bytes], strip: int, into: str, room: t.Callable[[int], None]) -> None:
    with tarfile.open(fileobj=plain, mode="r:") as tar:
        _unpack(judge(_tar_members(tar), strip), into, room, lambda member: t.cast("t.IO[bytes]", tar.extractfile(member.handle)))


def _decompress(archive: str, kind: str, plain: t.IO[bytes], room: t.Callable[[int], None]) -> None:
    with _decompressor(archive, kind) as source:
        while True:
            try:
                chunk = source.read(_CHUNK)
            except Exception as error:  # zlib, gzip and lzma have an exception each
                raise ArtifactError(f"it cannot be read as {kind}: {error}.") from error
            if not chunk:
                return
            room(len(chunk))
            plain.write(chunk)


def _decompressor(archive: str, kind: str) -> t.IO[bytes]:
    if kind == "tar.gz":
        return t.cast("t.IO[bytes]", gzip.open(archive, "rb"))
    try:
        import lzma
    except ImportError as error:
        raise ArtifactError("this host's Python has no module lzma, which tar.xz needs: install the distribution's complete python3.") from error
    return t.cast("t.IO[bytes]", lzma.open(archive, "rb"))


def _tar_members(tar: tarfile.TarFile) -> t.Iterator[Member]:
    for info in tar:
        kind = OTHER
        for test, found in ((info.isreg, FILE), (info.isdir, DIRECTORY), (info.issym, SYMLINK), (info.islnk, HARDLINK)):
            if test():
                kind = found
        yield Member(info.name, kind, info.linkname, bool(info.mode & 0o100), info.size if kind == FILE else 0, info)


def _zip_members(zipped: zipfile.ZipFile) -> t.Iterator[Member]:
    for info in zipped.infolist():
        mode = info.external_attr >> 16
        kind = DIRECTORY if info.is_dir() else {0: FILE, stat.S_IFREG: FILE, stat.S_IFLNK: SYMLINK, stat.S_IFDIR: DIRECTORY}.get(stat.S_IFMT(mode), OTHER)
        target = zipped.read(info).decode("utf-8", "surrogateescape") if kind == SYMLINK and info.file_size < 4096 else ""
        yield Member(info.filename, kind, target, bool(mode & 0o100), info.file_size if kind == FILE else 0, info)


def _unpack(entries: t.Sequence[Entry], into: str, room: t.Callable[[int], None], content: t.Callable[[Member], t.IO[bytes]]) -> None:
    room(sum(entry.member.size for entry in entries))
    os.mkdir(into, 0o755)
    for entry in entries:
        kind = entry.member.kind
        path = os.path.join(into, entry.path)
        os.makedirs(path if kind == DIRECTORY else os.path.dirname(path), 0o755, exist_ok=True)
        if kind == FILE:
            _write(into, entry, content(entry.member))
        elif kind == HARDLINK:
            os.link(os.path.join(into, entry.target), path, follow_symlinks=False)
    # Last, so that nothing can have been written through one.
    for entry in entries:
        if entry.member.kind == SYMLINK:
            os.symlink(entry.target, os.path.join(into, entry.path))


def _write(into: str, entry: Entry, source: t.IO[bytes]) -> None:
    """Modes of the archive are reduced to 0755 and 0644: no set-uid, nothing writable by others."""
    path = os.path.join(into, entry.path)
    with source, open(path, "xb") as out:
        shutil.copyfileobj(source, out, _CHUNK)
        os.fchmod(out.fileno(), 0o755 if entry.member.executable else 0o644)
