# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Downloads for the module artifact: retry, resume, checksum. PRIVATE to the collection.

A file is <cache>/<sha256>.part while it grows, with <sha256>.part.json beside it (which address, which validator),
and <cache>/<sha256> once its checksum is right.
"""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import json
import os
import re
import shutil
import ssl
import threading
import time
import typing as t
import urllib.error
from urllib.parse import unquote, urlsplit

from ansible.module_utils.urls import open_url
from ansible_collections.onprem.wandb.plugins.module_utils._artifact.plan import Artifact, ArtifactError, ChecksumError

_CHUNK = 1 << 18
_MARGIN = 64 << 20  # left free on the disk, whatever we do
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_LONGEST_PAUSE = 15.0


class _TryAgain(Exception):
    """A fault that may pass. `after` is what the server asked for, in seconds."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.after = after


class Space:
    """Free bytes of one file system, shared by downloads that run at the same time."""

    def __init__(self, folder: str, what: str) -> None:
        self.folder = folder
        self.what = what
        self._lock = threading.Lock()
        self._promised: dict[str, int] = {}

    def claim(self, who: str, size: int) -> None:
        """Set aside size bytes for who, in place of what who had; raise if they are not there."""
        with self._lock:
            self._promised.pop(who, None)
            free = shutil.disk_usage(self.folder).free - sum(self._promised.values())
            if size + _MARGIN > free:
                raise ArtifactError(
                    f"{self.what} has too little free space for {who}: {_mb(size + _MARGIN)} are needed (with a reserve of {_mb(_MARGIN)}), "
                    f"{_mb(max(free, 0))} are free. Make room there and run again."
                )
            self._promised[who] = size

    def settle(self, who: str) -> None:
        with self._lock:
            self._promised.pop(who, None)


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


@dataclasses.dataclass
class Fetcher:
    """Brings artifacts into the cache. One object serves several threads."""

    cache: str
    space: Space
    retries: int = 5
    pause: float = 1.0
    timeout: float = 30.0
    deadline: float = 900.0
    sleep: t.Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        self.ends = time.monotonic() + self.deadline

    def fetch(self, artifact: Artifact) -> str:
        """Return the path of a file with the right checksum."""
        done = os.path.join(self.cache, artifact.sha256)
        if os.path.exists(done):
            if _sha256(done) == artifact.sha256:
                return done
            os.unlink(done)
        part = done + ".part"
        resumed = self._download(artifact, part)
        got = _sha256(part)
        if got != artifact.sha256 and resumed:
            # The pieces may be of two different files: one more time, in one piece.
            _forget(part)
            self._download(artifact, part)
            got = _sha256(part)
        if got != artifact.sha256:
            _forget(part)
            raise ChecksumError(
                f"{artifact.url} has the wrong checksum: expected sha256 {artifact.sha256}, got {got}. "
                "Either the server sends something else (open the address to see) or the checksum in the catalogue or in artifacts_overrides is wrong."
            )
        os.replace(part, done)
        _forget(part)
        self.space.settle(str(artifact))
        return done

    def _download(self, artifact: Artifact, part: str) -> bool:
        """Bring the whole file to `part`. Return True if it was put together from several answers."""
        failures, resumed = 0, False
        while True:
            before = _size(part)
            try:
                return self._attempt(artifact, part) or resumed
            except _TryAgain as fault:
                resumed = True
                # A try that brought new bytes does not count: a bad line gets there in the end, a dead one does not.
                failures = 0 if _size(part) > before else failures + 1
                pause = min(max(self.pause * 2 ** max(failures - 1, 0), fault.after), _LONGEST_PAUSE)
                if failures > self.retries:
                    raise ArtifactError(f"{artifact.url} could not be fetched: {fault} ({failures} tries). {_next_step(artifact)}") from fault
                if time.monotonic() + pause > self.ends:
                    raise ArtifactError(
                        f"{artifact.url} could not be fetched within {self.deadline:.0f} seconds: {fault}; "
                        f"{_size(part)} bytes are kept for the next run. {_next_step(artifact)}"
                    ) from fault
                self.sleep(pause)

    def _attempt(self, artifact: Artifact, part: str) -> bool:
        if urlsplit(artifact.url).scheme == "file":
            self._copy(artifact, part)
            return False
        offset, headers = _resume_from(artifact.url, part)
        with self._open(artifact, part, offset, headers) as answer:
            if offset and not _continues(answer, offset, part):
                offset = 0
            try:
                return self._receive(artifact, part, answer, offset)
            except OSError as error:
                raise _os_error(artifact, error) from error

    def _open(self, artifact: Artifact, part: str, offset: int, headers: dict[str, str]) -> t.Any:
        try:
            return open_url(artifact.url, headers=headers, timeout=self.timeout, http_agent="onprem-wandb-artifact", decompress=False)
        except urllib.error.HTTPError as error:
            with error:
                self._http_error(artifact, part, offset, error)
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise ArtifactError(
                    f"{artifact.url} could not be fetched: {error.reason.verify_message}. This host does not trust the server's certificate: "
                    "install the CA into the system's trust store, or serve the file over http (its checksum is verified in any case)."
                ) from error
            raise _TryAgain(f"the connection failed: {error.reason}") from error
        except (http.client.HTTPException, OSError) as error:  # what comes raw out of urllib while it waits for the answer
            raise _broken(error) from error

    def _http_error(self, artifact: Artifact, part: str, offset: int, error: urllib.error.HTTPError) -> t.NoReturn:
        if error.code == 416 and offset:
            _forget(part)
            raise _TryAgain("the server no longer has the rest of the file") from error
        if error.code in _PASSING:
            wait = error.headers.get("Retry-After", "") if error.headers else ""
            raise _TryAgain(f"the server answered {error.code} {error.reason}", float(wait) if re.match(r"\d{1,6}\Z", wait) else 0.0) from error
        raise ArtifactError(f"{artifact.url} could not be fetched: the server answered {error.code} {error.reason}. {_next_step(artifact)}") from error

    def _receive(self, artifact: Artifact, part: str, answer: t.Any, offset: int) -> bool:
        length = answer.headers.get("Content-Length", "")
        total = offset + int(length) if length.isdigit() else None
        if total is not None:
            self.space.claim(str(artifact), 2 * total - offset)  # the rest of the file, and at least its size again for what it unpacks to
        if not offset:
            _forget(part)
        _note(part, artifact.url, answer.headers)
        received = offset
        with open(part, "ab") as out:
            while True:
                chunk = _read(answer)
                if not chunk:
                    break
                out.write(chunk)
                received += len(chunk)
                if time.monotonic() > self.ends:
                    raise _TryAgain("the transfer is too slow")
        if total is not None and received != total:
            raise _TryAgain(f"the connection broke after {received} of {total} bytes")
        return offset > 0

    def _copy(self, artifact: Artifact, part: str) -> None:
        """A file on the host is copied too: what was checked must be what is unpacked."""
        source = unquote(urlsplit(artifact.url).path)
        try:
            self.space.claim(str(artifact), 2 * os.path.getsize(source))
            shutil.copyfile(source, part)
        except OSError as error:
            raise _os_error(artifact, error) from error


def _resume_from(url: str, part: str) -> tuple[int, dict[str, str]]:
    """Return where to go on, and the headers that make the server say if the file is still the same."""
    size = _size(part)
    try:
        with open(part + ".json", encoding="utf-8") as note:
            known = json.load(note)
    except (OSError, ValueError):
        known = {}
    if size <= 0 or not isinstance(known, dict) or known.get("url") != url or not known.get("validator"):
        return 0, {}
    return size, {"Range": f"bytes={size}-", "If-Range": str(known["validator"])}


def _note(part: str, url: str, headers: t.Any) -> None:
    etag = headers.get("ETag", "")
    validator = etag if etag.startswith('"') else headers.get("Last-Modified", "")  # a weak ETag does not promise equal bytes
    with open(part + ".json", "w", encoding="utf-8") as note:
        json.dump({"url": url, "validator": validator}, note)


def _read(answer: t.Any) -> bytes:
    try:
        return answer.read1(_CHUNK)  # what is there now: read() would lose it if the server falls silent
    except (http.client.HTTPException, OSError) as error:
        raise _broken(error) from error


def _broken(error: Exception) -> _TryAgain:
    return _TryAgain(f"the connection broke: {error or type(error).__name__}")


def _continues(answer: t.Any, offset: int, part: str) -> bool:
    """206 with the right start. 200 means: the server sends it all, from the start."""
    start = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    if answer.status != 206:
        return False
    if start is None or int(start.group(1)) != offset:
        _forget(part)
        raise _TryAgain("the server sent another range than asked for")
    return True


def _next_step(artifact: Artifact) -> str:
    return f"Check from this host: curl -fI {artifact.url} (its address comes from artifacts_mirror and artifacts_overrides, a proxy from the environment)."


def _os_error(artifact: Artifact, error: OSError) -> ArtifactError:
    return ArtifactError(f"{artifact.url} could not be stored: {error.strerror or error} ({error.filename or 'cache'}).")


def _forget(part: str) -> None:
    for path in (part, part + ".json"):
        if os.path.exists(path):
            os.unlink(path)


def _size(path: str) -> int:
    return os.path.getsize(path) if os.path.exists(path) else 0


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()
