# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users bring: names of files, files of no bytes, large files. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes.bucket import Bucket
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Remark, Skipped

# What users call their files. Each is a name that some proxy or server decodes once too often or too rarely.
NAMES = (
    *("a b", "a+b", "100%", "a%20b", "a&b=c", "#1?x", ";semicolon,", "größe-模型.bin", "(1) [2] {3}'", " leading", "trailing ", "back\\slash", "*.bin"),
    *("tab\tx", "nel\x85x", "line\u2028x", "e\u0301", "%2F%"),
)
LONGEST = 1024  # bytes of a name in S3
PIECE = 200  # bytes of a part of it: a directory holds 255
OWN_PATH = "A proxy must pass the path as it came, neither decoded nor normalised: for nginx, proxy_pass without a URI behind the address."
PART = 64 * 1024 * 1024


def longest(start: str) -> str:
    """A name of as many bytes as S3 takes, which begins like this."""
    rest = "/".join(["n" * PIECE] * (LONGEST // PIECE + 1))[: LONGEST - len(start.encode())]
    return start + (rest if rest[-1:] != "/" else rest[:-1] + "n")


def names(bucket: Bucket, chosen: t.Sequence[str] = NAMES) -> Evidence:
    """Blanks, percent signs, plus signs, control characters, other scripts: by presigned URL, and found in the list under the same name."""
    start = f"{bucket.prefix}names/"
    keys = [*(start + name for name in chosen), longest(start)]
    bad, refused = [], []
    for key in keys:
        body = key.encode()
        answer = bucket.send("PUT", bucket.url("put_object", key), body)
        if 400 <= answer.status <= 499 and answer.code() not in ("", "SignatureDoesNotMatch", "AccessDenied"):
            refused.append(key)  # it says that it has no such names; nothing is lost or mistaken for another
            continue
        back = bucket.send("GET", bucket.url("get_object", key)) if answer.status == 200 else answer
        if back.status != 200 or back.body != body:
            bad.append(f"{shown(key, start)}: status {back.status} {back.code()}".rstrip())
    if bad:
        raise Finding(f"Objects with these names cannot be written and read. {OWN_PATH}", names=bad)
    listed = set(bucket.keys_below("names/"))
    lost = [shown(key, start) for key in keys if key not in listed and key not in refused]
    if lost:
        raise Finding(f"The list shows these objects under other names. {OWN_PATH}", names=lost)
    if refused:
        text = "The server refuses these names, so an upload of such a file fails in W&B: tell the users, or use a server that takes what S3 takes."
        raise Remark(text, names=[shown(key, start) for key in refused])
    return {"names": len(keys)}


def shown(key: str, start: str) -> str:
    """A name in a report; a long one by its length."""
    return repr(key[len(start) :]) if len(key) < PIECE else f"a name of {len(key.encode())} bytes"


def empty(bucket: Bucket) -> Evidence:
    """An object of no bytes."""
    key = bucket.prefix + "empty"
    put = bucket.send("PUT", bucket.url("put_object", key), b"")
    got = bucket.send("GET", bucket.url("get_object", key))
    if put.status != 200 or got.status != 200 or got.body:
        raise Finding("An empty object cannot be written and read.", put=put.status, get=got.status, code=put.code() or got.code(), length=len(got.body))
    return {"status": got.status}


def large(bucket: Bucket) -> Evidence:
    """An object of the size that was asked for, in parts, and its last bytes by range."""
    if not bucket.size:
        raise Skipped("", reason="no size given (large_bytes)")
    key, part = bucket.prefix + "large", max(PART, -(-bucket.size // 9000))
    upload = bucket.client.create_multipart_upload(Bucket=bucket.bucket, Key=key)["UploadId"]
    block, parts = bytes(part), []
    for number, start in enumerate(range(0, bucket.size, part), 1):
        body = block[: min(part, bucket.size - start)]
        tag = bucket.client.upload_part(Bucket=bucket.bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)["ETag"]
        parts.append({"PartNumber": number, "ETag": tag})
    bucket.client.complete_multipart_upload(Bucket=bucket.bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    length = bucket.client.head_object(Bucket=bucket.bucket, Key=key)["ContentLength"]
    last = bucket.client.get_object(Bucket=bucket.bucket, Key=key, Range=f"bytes={bucket.size - 1}-{bucket.size - 1}")["Body"].read()
    bucket.client.delete_object(Bucket=bucket.bucket, Key=key)
    if length != bucket.size or last != b"\0":
        raise Finding("A large object does not come back as it was written.", length=length, expected=bucket.size, last=len(last))
    return {"bytes": length, "parts": len(parts)}
