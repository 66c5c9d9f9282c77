# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Presigned URLs (signature version 4) of any moment: a library signs for now only, and an expired URL needs a past. PRIVATE to the collection."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import typing as t
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def presign(
    method: str,
    host: str,
    path: str,
    access_key: str,
    secret_key: str,
    region: str,
    moment: dt.datetime,
    seconds: int,
    more: t.Optional[t.Mapping[str, str]] = None,
) -> str:
    """Path and query, signed at the moment (UTC) for so many seconds. The path is not encoded yet."""
    stamp, date = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
    scope = f"{date}/{region}/s3/aws4_request"
    query = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
        **(more or {}),
    }
    encoded = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query.items()))
    target = quote(path, safe="/-_.~")
    request = "\n".join([method, target, encoded, f"host:{host}\n", "host", "UNSIGNED-PAYLOAD"])
    to_sign = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, "s3", "aws4_request"):
        key = _mac(key, part)
    return f"{target}?{encoded}&X-Amz-Signature={hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()}"
