# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets at the bucket: its name in the path, W&B's key, its region, other buckets, and those without a signature. PRIVATE to the collection."""

from __future__ import annotations

import uuid
from urllib.parse import quote

from ansible_collections.onprem.wandb.plugins.module_utils._object_store.client import NO_S3
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Answer
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes.bucket import Bucket, call
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Remark

# Servers that refuse before they say whether a bucket exists.
STRICT_SERVERS = ("minio", "silo")


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
    if answer.foreign():
        raise Finding(NO_S3, **answer.evidence("content-type", "server"), body=answer.glimpse() or "empty")
    if answer.status in (400, 405, 501) or (answer.status == 404 and code not in ("NoSuchBucket",)):
        raise Finding(
            "The server does not take the bucket's name in the path: turn path-style requests on at the server, or set addressing_style=virtual "
            "(and forcePathStyle=false for W&B), with a DNS record and a certificate for *.ENDPOINT.",
            **evidence,
        )
    return {"style": style, **evidence}


def credentials(bucket: Bucket) -> Evidence:
    """A signed request that reads."""
    answer = bucket.client.list_objects_v2(Bucket=bucket.bucket, Prefix=bucket.prefix, MaxKeys=1)
    return {"status": answer["ResponseMetadata"]["HTTPStatusCode"], "server": answer["ResponseMetadata"]["HTTPHeaders"].get("server", "")}


def region(bucket: Bucket) -> Evidence:
    """The region W&B is told must be the bucket's."""
    seen = bucket.client.get_bucket_location(Bucket=bucket.bucket).get("LocationConstraint") or "us-east-1"
    if seen == bucket.region:
        return {"region": seen}
    # Some servers take any region in a signature. Presigned URLs are what the strict ones refuse.
    answer = bucket.send("HEAD", bucket.url("head_object", bucket.signed))
    evidence = {"region": seen, "expected": bucket.region, **answer.evidence()}
    if answer.status not in (200, 404):
        raise Finding(f"Set the region of the bucket to {seen}: signatures for {bucket.region} are refused.", **evidence)
    raise Remark(f"The server takes signatures for {bucket.region}, but calls its region {seen}. Set the region of the bucket to that.", **evidence)


def confined(bucket: Bucket) -> Evidence:
    """The key opens this bucket and no other."""
    remedy = "Give W&B a user of its own, with a policy for its bucket only."
    answer = call(bucket.client.list_buckets)[1]
    server = answer["ResponseMetadata"]["HTTPHeaders"].get("server", "")
    others = [entry["Name"] for entry in answer.get("Buckets") or [] if entry["Name"] != bucket.bucket]
    if others:
        raise Finding(f"The key sees other buckets. {remedy}", buckets=others[:5])
    code = call(bucket.client.list_objects_v2, Bucket=f"onprem-wandb-check-{uuid.uuid4().hex[:12]}", MaxKeys=1)[0]
    evidence = {"code for another bucket": code, "server": server}
    if code == "NoSuchBucket" and any(name in server.lower() for name in STRICT_SERVERS):
        raise Finding(f"The key may look for any bucket. {remedy}", **evidence)
    if code != "AccessDenied":
        raise Remark("This server does not let an outsider tell whether the key is confined to its bucket. Look at its policy.", **evidence)
    return evidence


def wrong_signature(bucket: Bucket) -> Evidence:
    head, mark, rest = bucket.url("get_object", bucket.signed).partition("X-Amz-Signature=")
    answer = bucket.send("GET", head + mark + "0" * 64 + rest[64:])
    if answer.status == 200:
        raise Finding("An object was handed out on a wrong signature: the bucket is public or a proxy signs. Close it.", **answer.evidence("server"))
    return refused(answer)


def refused(answer: Answer) -> Evidence:
    """An answer that is a no. A server that is in trouble has said neither yes nor no."""
    if answer.status >= 500:
        remedy = "The server has neither handed it out nor refused it. Look at its log, and ask again when it answers."
        raise Finding(remedy, code=answer.code(), **answer.evidence("server"))
    return {**answer.evidence(), "code": answer.code()}


def public_access(bucket: Bucket) -> Evidence:
    """The object by its name, and the names."""
    path = bucket.url("get_object", bucket.signed).partition("?")[0]
    answer = bucket.send("GET", path)
    if answer.status == 200:
        raise Finding("The object can be read without any signature: remove the bucket's public policy.", **answer.evidence("server"))
    listed = bucket.send("GET", f"{path.removesuffix(bucket.signed)}?list-type=2&max-keys=1")
    if listed.status == 200 and b"<ListBucketResult" in listed.body:
        raise Finding("The names of objects can be listed without any signature: remove the bucket's public policy.", **listed.evidence("server"))
    return refused(answer)
