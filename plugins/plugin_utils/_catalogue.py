# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue of artifacts: which file, from where, with which checksum. PRIVATE to the collection.

No Ansible in here: the lookups, the lab and the bundle read the catalogue through the same functions.
Every error is a CatalogueError whose text is a sentence for an operator.
"""

from __future__ import annotations

import copy
import pathlib
import re
import typing as t
from urllib.parse import urlsplit

import yaml

CATALOGUE_FILE = pathlib.Path(__file__).resolve().parents[2] / "meta" / "catalogue.yml"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is seven times as fast, where PyYAML was built with it
FORMATS = ("tar", "tar.gz", "tar.xz", "zip", "binary")

_ENTRY_KEYS = {"url", "format", "strip_components", "links", "versions"}
_VERSION_KEYS = {"sha256", "url", "format", "strip_components", "links"}
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_SECTIONS = ("artifacts", "images")


class CatalogueError(Exception):
    """Its text goes to the operator as it is."""


def load(path: pathlib.Path = CATALOGUE_FILE) -> dict[str, t.Any]:
    """Return the catalogue as shipped: {'artifacts': {...}, 'images': {...}}."""
    return yaml.load(path.read_text(encoding="utf-8", errors="strict"), Loader=LOADER)


def merge(catalogue: t.Mapping[str, t.Any], overrides: t.Any) -> dict[str, t.Any]:
    """Lay artifacts_overrides over the catalogue: versions are added to, everything else is replaced.

    Overrides are entries by artifact name, or the catalogue's own shape with the sections artifacts and images.
    """
    if overrides is None or overrides == "":
        overrides = {}
    if not isinstance(overrides, t.Mapping):
        raise CatalogueError(f"artifacts_overrides must be a mapping of artifact name to entry, but it is {_kind(overrides)}.")
    merged: dict[str, t.Any] = {section: copy.deepcopy(dict(catalogue.get(section) or {})) for section in _SECTIONS}
    entries = {name: entry for name, entry in overrides.items() if name not in _SECTIONS}
    entries.update(_section(overrides, "artifacts"))
    for name, entry in entries.items():
        merged["artifacts"][name] = _merge_entry(name, merged["artifacts"].get(name) or {}, entry)
    for name, image in _section(overrides, "images").items():
        if not isinstance(image, str):
            raise CatalogueError(f"artifacts_overrides.images.{name} must be an image name such as registry.example.com/app:v{{version}}, not {_kind(image)}.")
        merged["images"][name] = image
    return merged


def _section(overrides: t.Mapping[str, t.Any], section: str) -> dict[str, t.Any]:
    value = overrides.get(section) or {}
    if not isinstance(value, t.Mapping):
        raise CatalogueError(f"artifacts_overrides.{section} must be a mapping, but it is {_kind(value)}.")
    return dict(value)


def _merge_entry(name: str, base: dict[str, t.Any], entry: t.Any) -> dict[str, t.Any]:
    where = f"artifacts_overrides.{name}"
    if not isinstance(entry, t.Mapping):
        raise CatalogueError(f"{where} must be a mapping with {', '.join(sorted(_ENTRY_KEYS))}, but it is {_kind(entry)}.")
    _known_keys(where, entry, _ENTRY_KEYS)
    versions = entry.get("versions") or {}
    if not isinstance(versions, t.Mapping):
        raise CatalogueError(f"{where}.versions must be a mapping of version to sha256, but it is {_kind(versions)}.")
    merged = {**base, **entry}
    merged["versions"] = {**(base.get("versions") or {}), **{str(version): value for version, value in versions.items()}}
    return merged


def resolve(catalogue: t.Mapping[str, t.Any], name: str, version: t.Any, mirror: str = "") -> dict[str, t.Any]:
    """Return one artifact as the module onprem.wandb.artifact takes it."""
    entry = _entry(catalogue, name)
    version = _version(f"artifact {name}", version)
    versions = entry.get("versions") or {}
    if version not in versions:
        raise CatalogueError(_unknown_version(name, version, versions))
    pinned = versions[version]
    if not isinstance(pinned, t.Mapping):
        pinned = {"sha256": pinned}
    _known_keys(f"Version {version} of artifact {name}", pinned, _VERSION_KEYS)
    found = {"format": "binary", "strip_components": 0, "links": {}, **entry, **pinned}
    sha256 = str(found.get("sha256") or "").lower()
    if not _SHA256.match(sha256):
        raise CatalogueError(
            f"The sha256 of artifact {name} {version} must be 64 hexadecimal digits, but it is {sha256 or 'empty'!r}: correct it in artifacts_overrides."
        )
    if found["format"] not in FORMATS:
        raise CatalogueError(f"The format of artifact {name} {version} must be one of {', '.join(FORMATS)}, but it is {found['format']!r}.")
    if not found.get("url"):
        raise CatalogueError(f"Artifact {name} {version} has no url: set artifacts_overrides.{name}.url.")
    return {
        "name": name,
        "version": version,
        "url": rewrite_url(fill(str(found["url"]), version), mirror, f"Artifact {name} {version}"),
        "sha256": sha256,
        "format": found["format"],
        "strip_components": int(found["strip_components"]),
        "links": dict(found["links"] or {}),
    }


def resolve_image(catalogue: t.Mapping[str, t.Any], name: str, version: t.Any) -> str:
    """Return an image reference with its tag."""
    images = catalogue.get("images") or {}
    if name not in images:
        known = ", ".join(sorted(images))
        raise CatalogueError(f"Image {name!r} is not in the catalogue. Known images: {known}. Others are added under artifacts_overrides.images.")
    return fill(str(images[name]), _version(f"image {name}", version))


def known_versions(catalogue: t.Mapping[str, t.Any], name: str) -> list[str]:
    """Return the versions that have a checksum, in the catalogue's order (newest first)."""
    return list(_entry(catalogue, name).get("versions") or {})


def fill(template: str, version: str) -> str:
    """Put a version into a template. Plain replacement: a stray brace in a URL is nothing special."""
    minor = ".".join(version.split(".")[:2])
    digits = re.sub(r"\D", "", version)
    return template.replace("{version}", version).replace("{minor}", minor).replace("{digits}", digits)


def check_mirror(mirror: t.Any) -> str:
    """Return the base URL of the mirror without trailing slash, or '' for upstream."""
    if mirror is None or mirror == "":
        return ""
    parts = urlsplit(mirror) if isinstance(mirror, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise CatalogueError(
            f"artifacts_mirror must be an http:// or https:// address such as http://mirror.example.com:8080, or empty for upstream, but it is {mirror!r}."
        )
    if "@" in parts.netloc:
        raise CatalogueError("artifacts_mirror contains a user name or password, which would be printed in every log: serve the mirror without one.")
    return t.cast(str, mirror).rstrip("/")


def rewrite_url(url: str, mirror: str, what: str = "An artifact") -> str:
    """Return where a host fetches url from: upstream, or <mirror>/files/<host>/<path>.

    file:// and addresses on the mirror stay as they are; an address without a scheme is relative to the mirror.
    """
    mirror = check_mirror(mirror)
    parts = urlsplit(url)
    if parts.scheme == "file":
        return url
    if not parts.scheme:
        if not mirror:
            raise CatalogueError(
                f"{what} has the address {url!r}, which is relative to artifacts_mirror, but artifacts_mirror is empty: set it, or give a full address."
            )
        return f"{mirror}/{url.lstrip('/')}"
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise CatalogueError(f"{what} has the address {url!r}: expected http://, https://, file:// or a path relative to artifacts_mirror.")
    if "@" in parts.netloc:
        raise CatalogueError(f"{what} has a user name or password in its address, which would be printed in every log: serve the file without one.")
    if not mirror or url.startswith(mirror + "/"):
        return url
    return f"{mirror}/files/{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _entry(catalogue: t.Mapping[str, t.Any], name: str) -> t.Mapping[str, t.Any]:
    artifacts = catalogue.get("artifacts") or {}
    if name not in artifacts:
        known = ", ".join(sorted(artifacts))
        raise CatalogueError(f"Artifact {name!r} is not in the catalogue. Known artifacts: {known}. Others are added by artifacts_overrides.")
    return artifacts[name]


def _version(what: str, version: t.Any) -> str:
    if not isinstance(version, str):
        raise CatalogueError(f"The version of {what} must be a string, but it is {_kind(version)} {version!r}: put it in quotes.")
    if not _VERSION.match(version):
        raise CatalogueError(f"The version of {what} must be a version such as 1.2.3, but it is {version!r}.")
    return str(version)


def _unknown_version(name: str, version: str, versions: t.Mapping[str, t.Any]) -> str:
    known = f"Known versions: {', '.join(versions)}." if versions else "The catalogue has no checksum for any version of it."
    hint = ""
    if version.startswith("v") and version[1:] in versions:
        hint = f" Write it without the leading v: {version[1:]}."
    return (
        f"Artifact {name} has no checksum for version {version}. {known}{hint} Take one of them, or add the checksum that the release page states: "
        f'artifacts_overrides: {{{name}: {{versions: {{"{version}": <sha256>}}}}}}.'
    )


def _known_keys(where: str, entry: t.Mapping[str, t.Any], known: set[str]) -> None:
    unknown = sorted(str(key) for key in entry if key not in known)
    if unknown:
        raise CatalogueError(f"{where} has unknown keys: {', '.join(unknown)}. Known keys: {', '.join(sorted(known))}.")


def _kind(value: t.Any) -> str:
    names = {bool: "the boolean", int: "the number", float: "the number", list: "a list", str: "the string", dict: "a mapping", type(None): "empty"}
    return next((word for kind, word in names.items() if isinstance(value, kind)), type(value).__name__)
