# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Presigned URLs, W&B's only way to a file: upload, download, parts of a file, its name, and the end of their time. PRIVATE to the collection."""

from __future__ import annotations

import datetime as dt

from ansible_collections.onprem.wandb.plugins.module_utils._object_store import sign
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes.bucket import PROXY, SMALL, Bucket
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Remark, Skipped


def presigned_put(bucket: Bucket) -> Evidence:
    answer = bucket.send("PUT", bucket.url("put_object", bucket.signed, 24 * 3600), SMALL, Content_Type="application/octet-stream")
    if answer.status != 200:
        raise Finding(f"Uploads to presigned URLs are refused, W&B has no other way. {PROXY}", code=answer.code(), **answer.evidence("server", "location"))
    return answer.evidence("etag", "server")


def presigned_get(bucket: Bucket) -> Evidence:
    answer = bucket.send("GET", bucket.url("get_object", bucket.signed, 3600))
    evidence = {"code": answer.code(), **answer.evidence("server", "location")}
    if answer.status != 200 or answer.body != SMALL:
        raise Finding(f"Downloads from presigned URLs fail, W&B has no other way. {PROXY}", **evidence)
    return answer.evidence("etag")


def range(bucket: Bucket) -> Evidence:
    """Clients read parts of large files, by presigned URLs."""
    answer = bucket.send("GET", bucket.url("get_object", bucket.signed), Range="bytes=100-199")
    if answer.status != 206 or answer.body != SMALL[100:200]:
        raise Finding(f"The server or a proxy ignores the Range header. {PROXY}", length=len(answer.body), expected=100, **answer.evidence("content-range"))
    return answer.evidence("content-range")


def presigned_head(bucket: Bucket) -> Evidence:
    answer = bucket.send("HEAD", bucket.url("head_object", bucket.signed))
    if answer.status != 200:
        raise Finding(f"HEAD of a presigned URL is refused. {PROXY}", **answer.evidence("server"))
    return answer.evidence("etag", "content-length")


def signed(bucket: Bucket, moment: dt.datetime, seconds: int) -> str:
    """Our own URL for the object of the probe presigned_put."""
    path = f"/{bucket.bucket}/{bucket.signed}"
    return sign.presign("GET", bucket.endpoint.netloc, path, *bucket.keys, bucket.region, moment, seconds)


def expiry(bucket: Bucket) -> Evidence:
    """A URL whose time is over. It is signed for the past, so nobody has to wait."""
    if bucket.client.meta.config.s3.get("addressing_style", "path") != "path":
        raise Skipped("", reason="asked with the bucket in the path only")
    now = dt.datetime.now(dt.timezone.utc)
    good = bucket.send("GET", signed(bucket, now, 60))
    if good.status != 200:
        raise Finding("A URL signed for now is refused, see presigned_get.", code=good.code(), **good.evidence("server"))
    late = bucket.send("GET", signed(bucket, now - dt.timedelta(hours=2), 60))
    if late.status == 200:
        raise Finding(
            "The object was handed out on a URL that ended two hours ago: somebody who finds a link in a log can use it for ever. A cache in front of the "
            "server that ignores the query does that, too.",
            **late.evidence("server", "age", "x-cache"),
        )
    return {**late.evidence(), "code": late.code()}


def content_disposition(bucket: Bucket) -> Evidence:
    """Downloads get the file's name, not the object's."""
    wanted = 'attachment; filename="a b.bin"'
    answer = bucket.send("GET", bucket.url("get_object", bucket.signed, ResponseContentDisposition=wanted))
    seen = answer.headers.get("content-disposition", "absent")
    if answer.status != 200 or seen != wanted:
        raise Remark("The server ignores response-content-disposition: downloads get the object's name instead of the file's.", seen=seen, **answer.evidence())
    return {"content-disposition": seen}
