# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects by signed requests of W&B's server: written, read, listed, copied, in parts, removed. PRIVATE to the collection."""

from __future__ import annotations

import hashlib

from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes.bucket import PART, PROXY, SMALL, Bucket, call
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Remark


def leftovers(bucket: Bucket) -> Evidence:
    """Objects of an interrupted run."""
    return {"removed": bucket.clean()}


def put(bucket: Bucket) -> Evidence:
    answer = bucket.client.put_object(Bucket=bucket.bucket, Key=bucket.small, Body=SMALL, ContentType="application/octet-stream")
    return {"etag": answer.get("ETag", "")}


def head(bucket: Bucket) -> Evidence:
    answer = bucket.client.head_object(Bucket=bucket.bucket, Key=bucket.small)
    expected = hashlib.md5(SMALL, usedforsecurity=False).hexdigest()
    evidence = {"etag": answer.get("ETag", ""), "length": answer.get("ContentLength")}
    if answer.get("ContentLength") != len(SMALL):
        raise Finding("The server reports another size than was written.", expected=len(SMALL), **evidence)
    if answer.get("ETag", "").strip('"') != expected:
        raise Remark("The ETag is not the MD5 of the object (server-side encryption does that). W&B's clients compare it.", expected=expected, **evidence)
    return evidence


def get(bucket: Bucket) -> Evidence:
    body = bucket.client.get_object(Bucket=bucket.bucket, Key=bucket.small)["Body"].read()
    if body != SMALL:
        raise Finding("What was written is not what was read: a proxy or a cache changes it.", read=len(body), expected=len(SMALL))
    return {"length": len(body)}


def list(bucket: Bucket) -> Evidence:
    keys = [entry["Key"] for entry in bucket.client.list_objects_v2(Bucket=bucket.bucket, Prefix=bucket.prefix).get("Contents") or []]
    if bucket.small not in keys:
        raise Finding("An object just written is not in the list.", keys=keys, expected=bucket.small)
    return {"keys": len(keys)}


def copy(bucket: Bucket) -> Evidence:
    target = bucket.prefix + "copy"
    answer = bucket.client.copy_object(Bucket=bucket.bucket, Key=target, CopySource={"Bucket": bucket.bucket, "Key": bucket.small})
    return {"etag": answer.get("CopyObjectResult", {}).get("ETag", "")}


def multipart(bucket: Bucket) -> Evidence:
    """Two parts, the first by the library, the second by a presigned URL, as clients do it."""
    parts = [SMALL * (PART // len(SMALL)), SMALL]
    upload = bucket.client.create_multipart_upload(Bucket=bucket.bucket, Key=bucket.large)["UploadId"]
    first = bucket.client.upload_part(Bucket=bucket.bucket, Key=bucket.large, UploadId=upload, PartNumber=1, Body=parts[0])["ETag"]
    answer = bucket.send("PUT", bucket.url("upload_part", bucket.large, UploadId=upload, PartNumber=2), parts[1])
    if answer.status != 200 or "etag" not in answer.headers:
        raise Finding(f"A part cannot be sent to a presigned URL. {PROXY}", code=answer.code(), **answer.evidence("etag", "server"))
    bucket.client.complete_multipart_upload(
        Bucket=bucket.bucket,
        Key=bucket.large,
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": answer.headers["etag"]}]},
    )
    length = bucket.client.head_object(Bucket=bucket.bucket, Key=bucket.large)["ContentLength"]
    if length != PART + len(SMALL):
        raise Finding("The completed upload has another size than its parts.", length=length, expected=PART + len(SMALL))
    return {"length": length, "parts": 2}


def multipart_abort(bucket: Bucket) -> Evidence:
    upload = bucket.client.create_multipart_upload(Bucket=bucket.bucket, Key=bucket.large)["UploadId"]
    bucket.client.upload_part(Bucket=bucket.bucket, Key=bucket.large, UploadId=upload, PartNumber=1, Body=SMALL)
    bucket.client.abort_multipart_upload(Bucket=bucket.bucket, Key=bucket.large, UploadId=upload)
    left = [item["UploadId"] for item in bucket.client.list_multipart_uploads(Bucket=bucket.bucket, Prefix=bucket.large).get("Uploads") or []]
    if upload in left:
        raise Finding("An aborted upload is still there, its parts fill the disks.", uploads=len(left))
    return {"aborted": 1}


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


def delete(bucket: Bucket) -> Evidence:
    """The end: nothing is left behind."""
    removed = bucket.clean()
    left = [entry["Key"] for entry in bucket.client.list_objects_v2(Bucket=bucket.bucket, Prefix=bucket.prefix).get("Contents") or []]
    if left:
        raise Finding("Deleted objects are still there.", left=left)
    return {"removed": removed}
