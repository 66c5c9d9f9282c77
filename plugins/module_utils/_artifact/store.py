# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module artifact has on the disk. PRIVATE to the collection.

    <root>/.lock, <root>/.cache/
    <root>/<name>/<version>/            the unpacked artifact, with .artifact.json, which is written last
    <root>/<name>/current               symbolic link to <version>
    <root>/<name>/.staging-<version>    being unpacked
    <root>/<name>/.old-<version>        being replaced; put back if a run died before the new one was in place
    <root>/<name>/.trash-<version>      being removed

Each step is one rename or one link; after a crash between any two of them the next run goes on.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import time
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._artifact import plan
from ansible_collections.onprem.wandb.plugins.module_utils._artifact.plan import CURRENT, MARKER, Artifact, ArtifactError, Installed, State
from ansible_collections.onprem.wandb.plugins.module_utils._sync import sync

_STAGING, _OLD, _TRASH = ".staging-", ".old-", ".trash-"
_CACHE_DAYS = 7


class Store:
    """The tree below root. Reading never writes."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.cache = os.path.join(root, ".cache")

    def path(self, name: str, version: str) -> str:
        return os.path.join(self.root, name, version)

    def staging(self, artifact: Artifact) -> str:
        return os.path.join(self.root, artifact.name, _STAGING + artifact.version)

    # --- reading

    def inspect(self, artifact: Artifact, manage_links: bool) -> State:
        base = os.path.join(self.root, artifact.name)
        current = _readlink(os.path.join(base, CURRENT))
        if current is None and os.path.lexists(os.path.join(base, CURRENT)):
            raise ArtifactError(
                f"{base}/{CURRENT} must be a symbolic link, but it is something else that this collection did not make. Move it away. Nothing was changed."
            )
        installed = {}
        leftovers = False
        for entry in sorted(os.listdir(base)) if os.path.isdir(base) else []:
            leftovers = leftovers or entry.startswith((_STAGING, _OLD, _TRASH))
            if entry != CURRENT and not entry.startswith("."):
                found = self._installed(artifact.name, entry, thorough=entry == artifact.version)
                if found is not None:
                    installed[entry] = found
        place = self.path(artifact.name, artifact.version)
        missing = tuple(path for path, member in sorted(artifact.links.items()) if not os.path.exists(os.path.join(place, member)))
        leftovers = leftovers or os.path.lexists(os.path.join(self.cache, artifact.sha256))
        links: dict[str, str | None] = {}
        foreign = {}
        former = {path for one in installed.values() for path in one.links}
        for path in sorted(former | set(artifact.links)) if manage_links else []:
            links[path] = _readlink(path)
            if links[path] is None and os.path.lexists(path):
                foreign[path] = "a directory" if os.path.isdir(path) else "a file"
        return State(current, installed, links, foreign, missing, leftovers)

    def _installed(self, name: str, version: str, thorough: bool) -> Installed | None:
        path = self.path(name, version)
        marker = os.path.join(path, MARKER)
        try:
            with open(marker, encoding="utf-8") as stream:
                data = json.load(stream)
                switched = os.fstat(stream.fileno()).st_mtime
            files, links, sha256 = dict(data["files"]), dict(data["links"]), str(data["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Installed(version, sha256, links, switched, _damage(path, files) if thorough else "")

    # --- writing, all under the lock

    def prepare(self, artifacts: t.Iterable[Artifact]) -> None:
        """Clear up after a run that died."""
        os.makedirs(self.cache, exist_ok=True)
        for artifact in artifacts:
            base = os.path.join(self.root, artifact.name)
            os.makedirs(base, exist_ok=True)
            for entry in os.listdir(base):
                path = os.path.join(base, entry)
                if entry.startswith(_OLD):
                    place = os.path.join(base, entry[len(_OLD) :])
                    if not os.path.lexists(place):
                        os.rename(path, place)
                        continue
                if entry.startswith((_STAGING, _OLD, _TRASH)):
                    _remove(path)

    def install(self, artifact: Artifact) -> None:
        """Move the unpacked and complete staging directory to its place."""
        staging, place = self.staging(artifact), self.path(artifact.name, artifact.version)
        old = os.path.join(self.root, artifact.name, _OLD + artifact.version)
        if os.path.lexists(place):
            os.rename(place, old)
        os.rename(staging, place)
        sync(os.path.dirname(place))
        if os.path.lexists(old):
            _remove(old)

    def seal(self, artifact: Artifact) -> None:
        """Check that all links have something to point to, write the marker, bring everything to the disk."""
        staging = self.staging(artifact)
        for path, member in sorted(artifact.links.items()):
            if not os.path.exists(os.path.join(staging, member)):
                there = ", ".join(sorted(os.listdir(staging))[:20])
                raise ArtifactError(f"the link {path} should point to {member}, which it does not contain. It contains: {there}.")
        files = {}
        for folder, _names, names in os.walk(staging):
            for name in names:
                path = os.path.join(folder, name)
                info = os.lstat(path)
                files[os.path.relpath(path, staging)] = info.st_size if stat.S_ISREG(info.st_mode) else -1
        self._mark(staging, artifact, files)
        for folder, _names, names in os.walk(staging, topdown=False):
            for name in names:
                if not os.path.islink(os.path.join(folder, name)):
                    sync(os.path.join(folder, name))
            sync(folder)

    def switch(self, artifact: Artifact) -> None:
        os.utime(os.path.join(self.path(artifact.name, artifact.version), MARKER))  # its time says when this version became current
        _link(os.path.join(self.root, artifact.name, CURRENT), artifact.version)

    def link(self, artifact: Artifact, path: str) -> None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _link(path, plan.link_target(self.root, artifact.name, artifact.links[path]))

    def unlink(self, path: str) -> None:
        os.unlink(path)

    def record(self, artifact: Artifact) -> None:
        """State other links in the marker of an installed version; its time stays."""
        place = self.path(artifact.name, artifact.version)
        marker = os.path.join(place, MARKER)
        info = os.stat(marker)
        with open(marker, encoding="utf-8", errors="strict") as stream:
            files = json.load(stream)["files"]
        self._mark(place, artifact, files, (info.st_atime_ns, info.st_mtime_ns))

    def drop(self, artifact: Artifact, version: str) -> None:
        trash = os.path.join(self.root, artifact.name, _TRASH + version)
        os.rename(self.path(artifact.name, version), trash)
        _remove(trash)

    def tidy_cache(self, done: t.Iterable[Artifact]) -> None:
        """Remove what is installed now, and what nobody came back for."""
        finished = {artifact.sha256 for artifact in done}
        for entry in os.listdir(self.cache):
            path = os.path.join(self.cache, entry)
            if entry.split(".")[0] in finished or os.lstat(path).st_mtime < time.time() - _CACHE_DAYS * 86400:
                os.unlink(path)

    def _mark(self, folder: str, artifact: Artifact, files: t.Mapping[str, int], times: tuple[int, int] | None = None) -> None:
        data = {
            "name": artifact.name,
            "version": artifact.version,
            "url": artifact.url,
            "sha256": artifact.sha256,
            "links": dict(artifact.links),
            "files": dict(sorted(files.items())),
        }
        temporary = os.path.join(folder, MARKER + ".new")
        with open(temporary, "w", encoding="utf-8") as out:
            json.dump(data, out, indent=1)
            out.flush()
            os.fchmod(out.fileno(), 0o644)
            os.fsync(out.fileno())
        if times is not None:
            os.utime(temporary, ns=times)
        os.replace(temporary, os.path.join(folder, MARKER))


class Lock:
    """One run at a time below a root. The kernel lets go of it when the process ends, however it ends."""

    def __init__(self, root: str, wait: float) -> None:
        self.path = os.path.join(root, ".lock")
        self.wait = wait

    def __enter__(self) -> Lock:
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.stream = open(self.path, "a+", encoding="utf-8")
        ends = time.monotonic() + self.wait
        while True:
            try:
                fcntl.flock(self.stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > ends:
                    self.stream.seek(0)
                    holder = self.stream.read().strip() or "unknown"
                    self.stream.close()
                    raise ArtifactError(
                        f"Another run (process {holder}) has held {self.path} for more than {self.wait:.0f} seconds. "
                        "Wait for it, or end that process, and run again."
                    ) from error
                time.sleep(0.1)
        self.stream.truncate(0)
        self.stream.write(str(os.getpid()))
        self.stream.flush()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stream.close()


def _damage(path: str, files: t.Mapping[str, int]) -> str:
    """A cheap look: is every file there, with its size?"""
    for name, size in files.items():
        try:
            info = os.lstat(os.path.join(path, name))
        except OSError:
            return f"the installed one is damaged: {path}/{name} is missing"
        found = info.st_size if stat.S_ISREG(info.st_mode) else -1
        if found != size:
            return f"the installed one is damaged: {path}/{name} has {found} bytes instead of {size}"
    return ""


def _readlink(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _link(path: str, target: str) -> None:
    """Make or change a symbolic link in one step."""
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.onprem-new")
    if os.path.lexists(temporary):
        os.unlink(temporary)
    os.symlink(target, temporary)
    os.replace(temporary, path)
    sync(os.path.dirname(path))


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
