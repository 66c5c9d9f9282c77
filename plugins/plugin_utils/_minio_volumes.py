# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of MINIO_VOLUMES: which directories a host has in them. PRIVATE to the collection."""

from __future__ import annotations

import re
import typing as t

ELLIPSIS = re.compile(r"\{(\d+)\.\.\.(\d+)\}")


def expand(text: str) -> list[str]:
    """All strings an expression stands for: disk{1...3} is disk1, disk2, disk3; {01...10} keeps its zeros."""
    match = ELLIPSIS.search(text)
    if match is None:
        if "..." in text or "{" in text or "}" in text:
            raise ValueError(f"{text!r} is no expression of MINIO_VOLUMES; expected for example /mnt/disk{{1...4}}/minio.")
        return [text]
    first, last = match.group(1), match.group(2)
    if int(first) > int(last):
        raise ValueError(f"{text!r}: {first} is above {last}.")
    width = len(first) if first.startswith("0") else 0
    numbers = (str(number).zfill(width) for number in range(int(first), int(last) + 1))
    return [result for number in numbers for result in expand(text[: match.start()] + number + text[match.end() :])]


def drives(volumes: t.Sequence[str], names: t.Iterable[str]) -> list[str]:
    """The directories of the host with these names, over all pools. Raises ValueError with a sentence."""
    known = {name.lower() for name in names if name}
    found: list[str] = []
    for volume in volumes:
        if not volume.startswith(("http://", "https://")):
            paths = expand(volume)
        else:
            place, slash, path = volume.partition("://")[2].partition("/")
            hosts = {host.lower() for host in expand(re.sub(r":\d+$", "", place))}
            paths = expand(slash + path) if known & hosts else []
        for path in paths:
            if not path.startswith("/") or path.rstrip("/") == "":
                raise ValueError(f"{volume!r} has no absolute path; expected for example /mnt/disk{{1...4}}/minio.")
            if path not in found:
                found.append(path)
    if not found:
        raise ValueError(
            f"This host ({', '.join(sorted(known))}) has no directory in minio_volumes {list(volumes)!r}. Add a pool with it, or set minio_host_names."
        )
    return found
