# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of servers of the MinIO kind: their order, and what a running server differs in from what is installed. PRIVATE to the collection."""

from __future__ import annotations

import os
import re
import typing as t

MOMENT = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)T?(\d\d)-?(\d\d)-?(\d\d)")


def moment(version: str) -> str:
    """The time in a version as 14 digits (RELEASE.2026-09-16T00-00-00Z, 0.0.0-20260212201848-…), which orders releases; empty when it has none."""
    match = MOMENT.search(version)
    return "".join(match.groups()) if match else ""


def installed(binary: str, root: str = "/opt/onprem-wandb") -> t.Optional[tuple[str, str]]:
    """Product and version of the file that a link of module artifact leads to; None when it is none of the collection's."""
    parts = os.path.relpath(os.path.realpath(binary), root).split(os.sep)
    if not os.path.lexists(binary) or len(parts) < 3 or parts[0] == os.pardir:
        return None
    return parts[0], parts[1]


def refusal(current: t.Optional[tuple[str, str]], product: str, version: str) -> str:
    """Why this version may not follow the installed one; empty when it may. A server reads what an older one wrote, not the other way round."""
    if current is None or current == (product, version):
        return ""
    seen, wanted = moment(current[1]), moment(version)
    if seen and wanted and seen <= wanted:
        return ""
    what = "is older than it" if seen and wanted else "cannot be compared with it"
    return (
        f"{current[0]} {current[1]} is installed and has written the data; {product} {version} {what}. A server reads what an older one wrote, "
        f"not the other way round. Expected: a release of {current[1]} or later. Nothing was changed. "
        "Next: set minio_version: <release>; or, after reading the "
        "notes of both releases, set minio_allow_downgrade: true."
    )


def settings(text: str) -> dict[str, str]:
    """MINIO_* of an environment file of systemd, or of /proc/PID/environ with its zeros turned into line ends."""
    pairs = (line.split("=", 1) for line in text.splitlines() if line.startswith("MINIO_") and "=" in line)
    return {name: value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value for name, value in pairs}


def together(running_binary: str, binary: str, running: t.Mapping[str, str], wanted: t.Mapping[str, str]) -> list[str]:
    """What makes servers of one set refuse each other at a start: another program, another setting. Names only, no values."""
    found = [] if running_binary == os.path.realpath(binary) else [f"{binary} is another file than the running one"]
    names = sorted(name for name in {*running, *wanted} if running.get(name) != wanted.get(name))
    return [*found, *(["other values of " + ", ".join(names)] if names else [])]
