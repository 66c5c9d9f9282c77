# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions of the module artifact: what is wanted, what is there, what to do about it. PRIVATE to the collection.

Nothing in here touches a disk or a network. Every error is an ArtifactError whose text is a sentence for an operator.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.onprem.wandb.plugins.module_utils._say import CORRECT

MARKER = ".artifact.json"
CURRENT = "current"
FORMATS = ("tar", "tar.gz", "tar.xz", "zip", "binary")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class ArtifactError(Exception):
    """Its text goes to the operator as it is."""


class ChecksumError(ArtifactError):
    """The file came, but it is another one."""


@dataclasses.dataclass(frozen=True)
class Artifact:
    """One wanted artifact, checked."""

    name: str
    version: str
    url: str
    sha256: str
    format: str = "binary"
    strip_components: int = 0
    links: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclasses.dataclass(frozen=True)
class Installed:
    """One version directory that carries our marker."""

    version: str
    sha256: str
    links: t.Mapping[str, str]
    switched: float  # when it last became current
    damage: str = ""  # a sentence, if files are missing or have the wrong size


@dataclasses.dataclass(frozen=True)
class State:
    """What a host has of one artifact."""

    current: str | None  # the version `current` points to, also if that version is gone
    installed: t.Mapping[str, Installed]
    links: t.Mapping[str, str | None]  # wanted and former links: target of a symbolic link, None if absent
    foreign: t.Mapping[str, str] = dataclasses.field(default_factory=dict)  # link path: what is there instead
    missing: tuple[str, ...] = ()  # wanted links whose target the wanted version does not have
    leftovers: bool = False  # of a run that died


@dataclasses.dataclass(frozen=True)
class Plan:
    """What has to be done for one artifact, in this order. Empty means nothing."""

    artifact: Artifact
    previous: str | None
    fetch: bool = False
    switch: bool = False
    make_links: tuple[str, ...] = ()
    drop_links: tuple[str, ...] = ()
    drop_versions: tuple[str, ...] = ()
    record: bool = False  # the marker states other links than wanted
    tidy: bool = False
    reason: str = ""

    @property
    def changed(self) -> bool:
        return bool(self.fetch or self.switch or self.make_links or self.drop_links or self.drop_versions or self.record or self.tidy)


def parse(items: t.Sequence[t.Mapping[str, t.Any]], root: str) -> list[Artifact]:
    """Check the module's list and return it typed. All problems are reported at once."""
    problems: list[str] = []
    if not posixpath.isabs(root) or posixpath.normpath(root) != root or root == "/":
        problems.append(f"root must be an absolute path without '..' or a trailing slash, and not /, but it is {root!r}.")
    artifacts = []
    names: set[str] = set()
    links: dict[str, str] = {}
    for item in items:
        artifact = Artifact(
            name=item["name"],
            version=item["version"],
            url=item["url"],
            sha256=item["sha256"].lower(),
            format=item.get("format") or "binary",
            strip_components=item.get("strip_components") or 0,
            links={str(path): str(member) for path, member in (item.get("links") or {}).items()},
        )
        problems.extend(_problems(artifact, root))
        if artifact.name in names:
            problems.append(f"Artifact {artifact.name} is in the list twice.")
        names.add(artifact.name)
        for path in artifact.links:
            if path in links:
                problems.append(f"The link {path} is wanted by {links[path]} and by {artifact.name}.")
            links[path] = artifact.name
        artifacts.append(artifact)
    if problems:
        raise ArtifactError(" ".join([*problems, CORRECT]))
    return artifacts


def _problems(artifact: Artifact, root: str) -> t.Iterator[str]:
    what = f"Artifact {artifact.name}"
    for option, value in (("name", artifact.name), ("version", artifact.version)):
        if not _NAME.match(value) or value == CURRENT:
            yield f"{what}: the {option} {value!r} cannot be a directory name here; letters, digits and . _ + - are possible, and not the word {CURRENT}."
    if not _SHA256.match(artifact.sha256):
        yield f"{what}: sha256 must be 64 hexadecimal digits, but it is {artifact.sha256!r}."
    if artifact.format not in FORMATS:
        yield f"{what}: format must be one of {', '.join(FORMATS)}, but it is {artifact.format!r}."
    if artifact.strip_components < 0 or (artifact.format == "binary" and artifact.strip_components):
        yield f"{what}: strip_components {artifact.strip_components} makes no sense for format {artifact.format}."
    try:
        parts = urlsplit(artifact.url)
    except ValueError:  # brackets that hold no address
        parts = urlsplit("")
    if parts.scheme not in ("http", "https", "file") or (parts.scheme == "file" and parts.netloc not in ("", "localhost")) or not parts.path:
        yield f"{what}: url must begin with http://, https:// or file:///, but it is {artifact.url!r}."
    if "@" in parts.netloc:
        yield f"{what}: its url contains a user name or password, which would be printed in every log; serve the file without one."
    for path, member in artifact.links.items():
        if not posixpath.isabs(path) or posixpath.normpath(path) != path or path == "/" or path.startswith(root + "/"):
            yield f"{what}: the link {path!r} must be an absolute path outside {root}, without '..'."
        if posixpath.isabs(member) or posixpath.normpath(member) != member or member.split("/")[0] in ("..", "."):
            yield f"{what}: the link {path} must point to a path inside the artifact, but it points to {member!r}."


def link_target(root: str, name: str, member: str) -> str:
    return f"{root}/{name}/{CURRENT}/{member}"


def is_ours(root: str, target: str) -> bool:
    return target.startswith(root + "/")


def plan(artifact: Artifact, state: State, root: str, keep: int, manage_links: bool = True, force_links: bool = False) -> Plan:
    """Compare wanted and found. Raises ArtifactError if a link would destroy what is not ours."""
    there = state.installed.get(artifact.version)
    reason = _why_fetch(artifact, there)
    wanted = {path: link_target(root, artifact.name, member) for path, member in artifact.links.items()} if manage_links else {}
    if manage_links and state.missing and not reason:
        raise ArtifactError(
            f"{artifact} is installed, but it does not contain what these links should point to: {', '.join(state.missing)}. "
            "Correct its links. Nothing was changed."
        )
    make = []
    for path, target in sorted(wanted.items()):
        found = state.foreign.get(path) or _foreign_link(root, state.links.get(path))
        if found and not (force_links and found != "a directory"):
            remedy = "Move it away" if found == "a directory" else "Move it away, or set force_links to replace it"
            raise ArtifactError(f"{artifact} wants the link {path}, but there is {found} that this collection did not make. {remedy}. Nothing was changed.")
        if found or state.links.get(path) != target:
            make.append(path)
    former = {path for version in state.installed.values() for path in version.links} if manage_links else set()
    ours = f"{root}/{artifact.name}/"
    drop = [path for path in sorted(former - set(wanted)) if (state.links.get(path) or "").startswith(ours)]
    record = bool(manage_links and there and not reason and dict(there.links) != dict(artifact.links))
    return Plan(
        artifact=artifact,
        previous=state.current,
        fetch=bool(reason),
        switch=state.current != artifact.version,
        make_links=tuple(make),
        drop_links=tuple(drop),
        drop_versions=surplus(artifact.version, state, keep),
        record=record,
        tidy=state.leftovers,
        reason=reason,
    )


def _foreign_link(root: str, target: str | None) -> str:
    return f"a symbolic link to {target}" if target is not None and not is_ours(root, target) else ""


def _why_fetch(artifact: Artifact, there: Installed | None) -> str:
    if there is None:
        return "it is not installed"
    if there.sha256 != artifact.sha256:
        return f"the installed one was made from another file (sha256 {there.sha256})"
    return there.damage


def surplus(wanted: str, state: State, keep: int) -> tuple[str, ...]:
    """Return the versions to remove: all but the wanted one and the `keep` that were current last."""
    older = [one for one in state.installed.values() if one.version != wanted]
    # What is current now was used last, whatever the clock said when it was switched to.
    older.sort(key=lambda one: (one.version == state.current, one.switched, one.version), reverse=True)
    return tuple(one.version for one in older[keep:])


def describe(artifact: Artifact, current: str | None, links: t.Mapping[str, str | None], versions: t.Sequence[str]) -> list[str]:
    """Lines of one artifact for diff mode."""
    lines = [f"{artifact.name} {current or '(not installed)'}"]
    lines.extend(f"  on disk: {version}" for version in sorted(versions))
    lines.extend(f"  {path} -> {target}" for path, target in sorted(links.items()) if target)
    return lines
