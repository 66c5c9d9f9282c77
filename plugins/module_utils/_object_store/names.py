# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bucket, its region and its origins may be called: one sentence for each that cannot work. PRIVATE to the collection."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

BUCKET = re.compile(r"[A-Za-z0-9._-]{3,63}\Z")


def bucket_problem(name: str) -> str:
    """Why W&B cannot use a bucket of this name; empty when it can."""
    if "/" in name:
        bucket = name.strip("/").partition("/")[0] or "wandb-files"
        return (
            f"the bucket {name!r} has a path in it, which is not supported: versions, mirror, restore and checks are for a whole bucket. "
            f"Expected a bucket of W&B's own, such as {bucket}-wandb."
        )
    if not BUCKET.match(name) or set(name) <= {".", "_", "-"}:
        return f"the bucket {name!r} is no name of S3; expected 3 to 63 letters, digits, dots and hyphens, such as wandb-files."
    return ""


def region_problem(name: str) -> str:
    """Why a region cannot be signed for; empty when it can."""
    if not name or name != name.strip() or re.search(r"[\s/]", name):
        return (
            f"the region is {name!r}; expected the one that the server calls its own, mostly us-east-1: it is part of every signature."
        )
    return ""


def origin_problem(origin: str) -> str:
    """Why no browser sends this origin; empty when one does."""
    parts = urlsplit(origin)
    if origin == "*" or (parts.scheme in ("http", "https") and parts.netloc and origin == f"{parts.scheme}://{parts.netloc.lower()}"):
        return ""
    right = f"{parts.scheme}://{parts.netloc.lower()}" if parts.scheme in ("http", "https") and parts.netloc else "https://wandb.example.com"
    return f"{origin!r} is no origin as browsers send it, so no page of W&B would be let in; expected {right}, without a path or a slash at the end."
