"""Content-addressed build cache: a result is found again by the hash of everything it was made from."""
from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from .config import CACHE
from .shell import say

USED: set[Path] = set()


def digest(parts: Iterable[str | bytes | Path]) -> str:
    """Hash strings, bytes and file (or directory) contents."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            files = sorted(p for p in part.rglob("*") if p.is_file()) if part.is_dir() else [part]
            for path in files:
                total.update(str(path.relative_to(part)).encode() if part.is_dir() else b"")
                total.update(sha256(path).encode())
        else:
            total.update(part if isinstance(part, bytes) else part.encode())
        total.update(b"\0")
    return total.hexdigest()


def sha256(path: Path) -> str:
    """Checksum of a file."""
    total = hashlib.sha256()
    with path.open("rb") as source:
        while block := source.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def place(name: str, parts: Iterable[str | bytes | Path]) -> Path:
    """Where a result is, or will be."""
    return CACHE / "builds" / f"{name}-{digest(parts)[:16]}"


def find(name: str, parts: Iterable[str | bytes | Path]) -> Path | None:
    """A result that is there already."""
    found = place(name, parts)
    return found if found.is_dir() else None


def cached(name: str, parts: Iterable[str | bytes | Path], build: Callable[[Path], None]) -> Path:
    """Return the directory of a build result, building it (once, also with several labs at work) when it is not there."""
    final = place(name, parts)
    USED.add(final)
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "builds" / f".{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if final.is_dir():
            return final
        start = time.monotonic()
        work = final.with_name(f".{final.name}.{os.getpid()}")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            build(work)
            work.rename(final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        say(f"built {final.name} in {time.monotonic() - start:.0f} s")
    return final


def prune() -> None:
    """Remove every result that this run has not asked for, and what broken downloads left."""
    shutil.rmtree(CACHE / "downloads", ignore_errors=True)
    for path in (CACHE / "builds").glob("*-????????????????"):
        if path not in USED:
            shutil.rmtree(path)
