# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what the package managers say. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

DPKG_FORMAT = "${db:Status-Abbrev}|${Package}\\n"
# Answers of apt-get that a fresh package list may cure.
STALE = ("unable to locate package", "has no installation candidate", "couldn't find any package", "failed to fetch", "unable to fetch", "404  not found")
LOCKED = ("could not get lock", "is another process using it", "unable to lock")
INTERRUPTED = "dpkg was interrupted"


def missing_debs(names: t.Sequence[str], output: str) -> list[str]:
    """The names that dpkg-query does not call properly installed."""
    installed = set()
    for line in output.splitlines():
        status, _bar, name = line.partition("|")
        # Second letter: i installed (c configuration left, U unpacked, F half configured, H half installed). Third: R wants to be installed again.
        if status[1:2] == "i" and status[2:3] in (" ", ""):
            installed.add(name)
    return [name for name in names if name not in installed]


def missing_rpms(names: t.Sequence[str], output: str) -> list[str]:
    """The names that rpm -q calls not installed. It answers in the order of the names, one line each, more for several versions."""
    absent = {line.split()[1] for line in output.splitlines() if line.endswith("is not installed") and len(line.split()) > 2}
    return [name for name in names if name in absent]


def curable(output: str) -> bool:
    """Whether apt-get failed because its lists are old or not there."""
    text = output.lower()
    return any(sign in text for sign in STALE)


def locked(output: str) -> bool:
    """Whether another package manager works."""
    text = output.lower()
    return any(sign in text for sign in LOCKED)


def reason(output: str, lines: int = 6) -> str:
    """The lines that say what went wrong."""
    kept = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in kept if line.startswith(("E:", "Err:", "Error", "error", "No match", "dpkg: error"))]
    return " ".join((errors or kept)[-lines:])
