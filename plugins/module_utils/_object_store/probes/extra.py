# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about a bucket that go beyond reading and writing one plain object. PRIVATE to the collection."""

from __future__ import annotations

import datetime as dt
import typing as t
from urllib.parse import quote

from ansible_collections.onprem.wandb.plugins.module_utils._object_store import sign
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Remark, Skipped

if t.TYPE_CHECKING:
    from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes.bucket import Bucket

# What users call their files. Each is a name that some proxy or server decodes once too often or too rarely.
NAMES = ("a b", "a+b", "100%", "a%20b", "a&b=c", "#1?x", "größe-模型.bin", "a;b,c", "(1) [2] {3}'")
OWN_PATH = "A proxy must pass the path as it came, neither decoded nor normalised: for nginx, proxy_pass without a URI behind the address."
PART = 64 * 1024 * 1024


def call(function: t.Callable[..., t.Any], **parameters: t.Any) -> tuple[str, t.Mapping[str, t.Any]]:
    """Error code, empty when there was none, and the answer of a request that may be refused."""
    try:
        answer = function(**parameters)
    except Exception as error:
        answer = getattr(error, "response", None)
        if not isinstance(answer, dict):
            raise
    return str(answer.get("Error", {}).get("Code", "")), answer


def addressing(bucket: Bucket) -> Evidence:
    """The bucket's name stands in the path; some servers take it in the host name only."""
    style = bucket.client.meta.config.s3.get("addressing_style", "path")
    if style != "path":
        return {"style": style}
    answer = bucket.send("GET", f"/{quote(bucket.bucket)}?location=")
    code = answer.code()
    # Without a signature a server that knows the bucket refuses; one that takes the path for an object does not find it, or sends us to another name.
    evidence = {**answer.evidence("location", "server"), **({"code": code} if code else {})}
    if 300 <= answer.status <= 399:
        raise Finding(
            "The server sends the client elsewhere; presigned URLs do not survive that. Give the address it names as the endpoint, with https:// where it "
            "asks for it, or addressing_style=virtual when it wants the bucket in the host name.",
            **evidence,
        )
    if answer.status in (400, 405, 501) or (answer.status == 404 and code not in ("NoSuchBucket",)):
        raise Finding(
            "The server does not take the bucket's name in the path: turn path-style requests on at the server, or set addressing_style=virtual "
            "(and forcePathStyle=false for W&B), with a DNS record and a certificate for *.ENDPOINT.",
            **evidence,
        )
    return {"style": style, **evidence}


def checksum_trailer(bucket: Bucket) -> Evidence:
    """Current SDKs send a checksum behind the body."""
    key = bucket.prefix + "checksum"
    code, answer = call(bucket.client.put_object, Bucket=bucket.bucket, Key=key, Body=bytes(1000), ChecksumAlgorithm="CRC32")
    if code:
        raise Finding(
            "The server or a proxy refuses uploads with a checksum trailer, as current SDKs send them. Use a newer server, or set "
            "AWS_REQUEST_CHECKSUM_CALCULATION=when_required in wandb_extra_env.",
            code=code,
            status=answer["ResponseMetadata"]["HTTPStatusCode"],
        )
    length = bucket.client.head_object(Bucket=bucket.bucket, Key=key)["ContentLength"]
    if length != 1000:
        text = "The checksum trailer was stored as part of the object: the server does not understand it. Use a newer server."
        raise Finding(text, length=length, expected=1000)
    return {"length": length}


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


def names(bucket: Bucket) -> Evidence:
    """Blanks, percent signs, plus signs, other scripts: by presigned URL, and found in the list under the same name."""
    bad: list[str] = []
    for name in NAMES:
        key = f"{bucket.prefix}names/{name}"
        answer = bucket.send("PUT", bucket.url("put_object", key), name.encode())
        back = bucket.send("GET", bucket.url("get_object", key)) if answer.status == 200 else answer
        if back.status != 200 or back.body != name.encode():
            bad.append(f"{name!r}: status {back.status} {back.code()}".rstrip())
    if bad:
        raise Finding(f"Objects with these names cannot be written and read. {OWN_PATH}", names=bad)
    listed = bucket.keys_below("names/")
    lost = [name for name in NAMES if f"{bucket.prefix}names/{name}" not in listed]
    if lost:
        raise Finding(f"The list shows these objects under other names. {OWN_PATH}", names=lost)
    return {"names": len(NAMES)}


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


def versioning(bucket: Bucket) -> Evidence:
    """As found. W&B's garbage collection of artifacts asks for it."""
    code, answer = call(bucket.client.get_bucket_versioning, Bucket=bucket.bucket)
    return {"versioning": f"unknown ({code})" if code else answer.get("Status", "off")}


def lifecycle(bucket: Bucket) -> Evidence:
    """As found. Where old versions are kept and never removed, the disk does not get emptier by deleting."""
    code, answer = call(bucket.client.get_bucket_lifecycle_configuration, Bucket=bucket.bucket)
    if code:
        rules = "none" if code == "NoSuchLifecycleConfiguration" else f"unknown ({code})"
    else:
        rules = ", ".join(str(rule.get("ID") or "without a name") for rule in answer.get("Rules") or [] if rule.get("Status") == "Enabled") or "none"
        risky = [rule for rule in answer.get("Rules") or [] if rule.get("Status") == "Enabled" and set(rule.get("Expiration") or {}) & {"Days", "Date"}]
        if risky and any(not (rule.get("Filter") or {}).get("Prefix") and not rule.get("Prefix") for rule in risky):
            text = "A lifecycle rule removes every object of the bucket by its age: W&B's files vanish. Remove it, or restrict it to a prefix."
            raise Finding(text, rules=rules)
    return {"rules": rules}
