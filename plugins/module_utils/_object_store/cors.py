# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a browser makes of a server's CORS headers (the Fetch standard), without a browser. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

# What W&B's page sends to presigned URLs. GET, HEAD and POST need no permission, other methods do.
METHODS = ("GET", "PUT", "HEAD")
REQUEST_HEADERS = ("content-type", "content-md5")
SAFE_METHODS = ("GET", "HEAD", "POST")


def words(value: t.Optional[str]) -> list[str]:
    """A comma list in lower case."""
    return [word.strip().lower() for word in (value or "").split(",") if word.strip()]


def origin_allowed(origin: str, headers: t.Mapping[str, str]) -> bool:
    """Whether a page of this origin may read the answer."""
    return headers.get("access-control-allow-origin", "") in ("*", origin)


def preflight_problems(origin: str, method: str, status: int, headers: t.Mapping[str, str]) -> list[str]:
    """Why a browser would not send the request after this answer to its preflight."""
    found = []
    if not 200 <= status <= 299:
        found.append(f"status {status}, expected 2xx")
    if not origin_allowed(origin, headers):
        found.append(f"access-control-allow-origin is {headers.get('access-control-allow-origin', 'absent')}, expected {origin} or *")
    methods = words(headers.get("access-control-allow-methods"))
    if method not in SAFE_METHODS and method.lower() not in methods and "*" not in methods:
        found.append(f"access-control-allow-methods is {headers.get('access-control-allow-methods', 'absent')}, expected {method} in it")
    allowed = words(headers.get("access-control-allow-headers"))
    refused = [name for name in REQUEST_HEADERS if name not in allowed and "*" not in allowed]
    if method == "PUT" and refused:
        found.append(f"access-control-allow-headers is {headers.get('access-control-allow-headers', 'absent')}, expected {', '.join(refused)} in it")
    return found


def exposes(name: str, headers: t.Mapping[str, str]) -> bool:
    """Whether a page may read this header of the answer. A star does not count for requests with credentials, W&B's have none."""
    exposed = words(headers.get("access-control-expose-headers"))
    return name.lower() in exposed or "*" in exposed
