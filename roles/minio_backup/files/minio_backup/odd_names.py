# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects whose names the second place or rclone cannot hold: mirrored under their names' hash, beside an index. Part of minio-backup.

rclone 1.60 cannot open a name with U+201B in it, its own quote. A directory holds no name above 255 bytes, and not both `a` and `a/b`. Any user of W&B
chooses such names, so they are read and written here, by signed requests, and lie in `.names/<sha256>` of the mirror.

Managed by onprem.wandb, role minio_backup. Python >= 3.9.
"""

from __future__ import annotations

import configparser
import datetime as dt
import hashlib
import http.client
import json
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Optional
from urllib.parse import unquote_plus, urlsplit

from ansible_collections.onprem.wandb.plugins.module_utils._object_store.sign import presign

QUOTE = "\u201b"
FOLDER = ".names"  # in the target and in each day of what was moved aside
ASIDE = ".deleted"  # in the target: what vanished from the bucket, by the day on which the mirror noticed
KEPT = (ASIDE, FOLDER)  # what the mirror keeps beside the objects
INDEX = "index.json"  # {sha256 of the name: {name, etag}}
COMPONENT, KEY = 255, 1024  # bytes: of a file's name, of an object's
DAY = len("/.deleted/2026-01-01.1000/")  # in front of the name when it is moved aside
GLYPHS = {**{chr(0x2400 + code): chr(code) for code in range(1, 0x20)}, "\u2421": "\x7f"}  # that of NUL means itself: no key holds a NUL
CONTROLS = {control: glyph for glyph, control in GLYPHS.items()}
LARGEST = 5 * 1024**3  # bytes that one PUT takes


def shown(key: str) -> str:
    """A key as rclone's command line and lists write it: control characters as pictures, and a quote before what looks like one."""
    return "".join(CONTROLS.get(char, QUOTE + char if char in GLYPHS or char == QUOTE else char) for char in key)


def meant(name: str) -> str:
    """The key behind a name of rclone's lists."""
    found, rest = [], iter(name)
    for char in rest:
        found.append(next(rest, char) if char == QUOTE else GLYPHS.get(char, char))
    return "".join(found)


def on_disk(component: str) -> int:
    """Bytes of a part of a name in a directory: rclone quotes the picture of NUL."""
    return len(component.encode("utf-8", "surrogateescape")) + 3 * component.count("\u2400")


def unfit(keys: Iterable[str], files: bool, room: int) -> set[str]:
    """Keys that a second place cannot hold as names: one of files, or one of S3 below a path of `room` bytes."""
    known, found = set(keys), set()
    for key in known:
        parts = key.split("/")
        long = max(map(on_disk, parts)) > COMPONENT if files else room + DAY + len(key.encode("utf-8", "surrogateescape")) > KEY
        if long or "" in parts or parts[0] in KEPT:
            found.add(key)
    if files:  # a file and a directory of the same name
        found |= known & {key[:at] for key in known for at in range(len(key)) if key[at] == "/"}
    return found


def odd(keys: Iterable[str], files: bool, room: int) -> set[str]:
    """Keys that are not mirrored under themselves."""
    known = list(keys)
    return {key for key in known if QUOTE in key} | unfit(known, files, room)


def hashed(key: str) -> str:
    """Under what an object lies in the mirror."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


class Store:
    """A bucket by signed requests: no name is changed on the way."""

    def __init__(self, rclone_config: Path, source: str, roots: Path) -> None:
        config = configparser.ConfigParser(interpolation=None, strict=False)
        config.read(rclone_config, encoding="utf-8")
        self.options, self.bucket = config["source"], source.partition(":")[2]
        self.parts = urlsplit(self.options.get("endpoint", ""))
        self.roots = roots

    def request(self, method: str, path: str, query: Optional[dict[str, str]] = None, body: Optional[IO[bytes]] = None, length: int = 0) -> Any:
        """The open answer; whoever reads it closes it."""
        options, now = self.options, dt.datetime.now(dt.timezone.utc)
        target = presign(method, self.parts.netloc, path, options["access_key_id"], options["secret_access_key"], options["region"], now, 3600, query or {})
        connection: http.client.HTTPConnection
        if self.parts.scheme == "https":
            trust = ssl.create_default_context()
            for file in sorted(self.roots.glob("*.crt")):
                if file.stat().st_size:
                    trust.load_verify_locations(file)
            connection = http.client.HTTPSConnection(self.parts.netloc, timeout=120, context=trust)
        else:
            connection = http.client.HTTPConnection(self.parts.netloc, timeout=120)
        connection.request(method, target, body=body, headers={"Content-Length": str(length)} if body else {})
        answer = connection.getresponse()
        if answer.status != 200:
            words = answer.read(2000).decode("utf-8", "replace")
            raise OSError(f"{method} in {self.bucket} at {self.parts.netloc} was answered with {answer.status}: {words}")
        return answer

    def keys(self) -> dict[str, tuple[int, str]]:
        """All keys, with size in bytes and ETag."""
        found: dict[str, tuple[int, str]] = {}
        query = {"list-type": "2", "encoding-type": "url", "max-keys": "1000"}
        while True:
            with self.request("GET", f"/{self.bucket}", query) as answer:
                tree = ET.fromstring(answer.read())
            space = tree.tag.partition("}")[0] + "}" if "}" in tree.tag else ""
            for entry in tree.iter(f"{space}Contents"):
                key = unquote_plus(entry.findtext(f"{space}Key", ""), errors="surrogateescape")
                found[key] = (int(entry.findtext(f"{space}Size", "0")), entry.findtext(f"{space}ETag", "").strip('"'))
            token = tree.findtext(f"{space}NextContinuationToken")
            if not token:
                return found
            query["continuation-token"] = token

    def get(self, key: str) -> Any:
        """Its bytes, as an open answer."""
        return self.request("GET", f"/{self.bucket}/{key}")

    def put(self, key: str, body: IO[bytes], size: int) -> None:
        """Write an object of so many bytes."""
        if size > LARGEST:
            raise OSError(f"{key!r} has {size} bytes; this way takes {LARGEST} at most. Next: minio-backup status; copy this object with another S3 client.")
        self.request("PUT", f"/{self.bucket}/{key}", None, body, size).read()


class OddNames:
    """The mirror of such objects. `backup` runs rclone."""

    def __init__(self, backup: Any, place: str, store: Store) -> None:
        self.backup, self.place, self.store = backup, f"{place}/{FOLDER}", store
        self.nameless = 0

    def index(self, place: str) -> dict[str, dict[str, str]]:
        """Names by their hash; empty when there are none. rclone of Debian 12 writes in place: a run that was killed, or a share without power, left half."""
        try:
            found = json.loads(self.backup.rclone("cat", f"{place}/{INDEX}", good=(0, 3, 4)).stdout)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def held(self, place: str) -> dict[str, int]:
        """Sizes by hash."""
        return {name: size for name, size in self.backup.listing(place).items() if name != INDEX}

    def write_index(self, place: str, index: dict[str, dict[str, str]]) -> None:
        self.backup.rclone("rcat", f"{place}/{INDEX}", given=json.dumps(index, sort_keys=True).encode())

    def mirror(self, wanted: dict[str, tuple[int, str]], aside: str) -> int:
        """Copy what is new or other, move aside what is gone. How many were copied. The index comes first: it may name more than there is."""
        held, index = self.held(self.place), self.index(self.place)
        by_hash = {hashed(key): key for key in wanted}
        fresh = [name for name, key in by_hash.items() if held.get(name) != wanted[key][0] or index.get(name, {}).get("etag") != wanted[key][1]]
        leaving = [name for name in held if name not in by_hash or name in fresh]
        if leaving:
            known = {**{name: {"name": by_hash[name], "etag": ""} for name in leaving if name in by_hash}, **index}
            self.write_index(f"{aside}/{FOLDER}", {**self.index(f"{aside}/{FOLDER}"), **{name: known[name] for name in leaving if name in known}})
        for name in leaving:
            self.backup.rclone("moveto", f"{self.place}/{name}", f"{aside}/{FOLDER}/{name}")
        for name in fresh:
            with self.store.get(by_hash[name]) as answer:
                self.backup.pour(answer, f"{self.place}/{name}")
        told = {name: {"name": key, "etag": wanted[key][1]} for name, key in by_hash.items()}
        if told != index:
            self.write_index(self.place, told)
        return len(fresh)

    def set_aside(self, places: dict[str, str], aside: str) -> None:
        """Move objects of the mirror, by their keys, to those moved aside under their hash."""
        if places:
            told = {hashed(key): {"name": key, "etag": ""} for key in places}
            self.write_index(f"{aside}/{FOLDER}", {**self.index(f"{aside}/{FOLDER}"), **told})
        for key, place in places.items():
            self.backup.rclone("moveto", place, f"{aside}/{FOLDER}/{hashed(key)}")

    def renew(self, keys: Iterable[str], aside: str) -> None:
        """Copy again what is there and other."""
        bad = list(keys)
        self.set_aside({key: f"{self.place}/{hashed(key)}" for key in bad}, aside)
        for key in bad:
            with self.store.get(key) as answer:
                self.backup.pour(answer, f"{self.place}/{hashed(key)}")

    def different(self, wanted: dict[str, tuple[int, str]], read: int) -> list[str]:
        """Keys whose mirror has another size or, for up to so many bytes, other bytes."""
        held, bad = self.held(self.place), []
        for key, (size, _etag) in wanted.items():
            same = held.get(hashed(key)) == size
            if same and size <= read:
                read -= size
                with self.store.get(key) as answer:
                    same = digest(answer) == self.backup.digest(f"{self.place}/{hashed(key)}")
            if not same:
                bad.append(key)
        return bad

    def wanted_back(self, prefix: str) -> dict[str, tuple[str, int]]:
        """What a restore brings: hash and size by key. What has lost its name is counted."""
        held = self.held(self.place)
        index = self.index(self.place) if held else {}
        found = {entry["name"]: name for name, entry in index.items() if name in held}
        self.nameless = len([name for name in held if name not in index])
        return {key: (name, held[name]) for key, name in found.items() if key.startswith(prefix)}

    def missing(self, wanted: dict[str, tuple[str, int]]) -> list[str]:
        """Keys that are not in the bucket, or of other bytes."""
        there, bad = self.store.keys() if wanted else {}, []
        for key, (name, size) in wanted.items():
            same = key in there and there[key][0] == size
            if same:
                with self.store.get(key) as answer:
                    same = digest(answer) == self.backup.digest(f"{self.place}/{name}")
            if not same:
                bad.append(key)
        return bad

    def restore(self, wanted: dict[str, tuple[str, int]], keys: Iterable[str]) -> None:
        for key in keys:
            name, size = wanted[key]
            self.backup.draw(f"{self.place}/{name}", lambda body, key=key, size=size: self.store.put(key, body, size))


def digest(source: IO[bytes]) -> str:
    """sha256 of a stream."""
    found = hashlib.sha256()
    for block in iter(lambda: source.read(1 << 20), b""):
        found.update(block)
    return found.hexdigest()
