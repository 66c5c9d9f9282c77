# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions of s3_bucket_check about the bucket: what W&B's server and clients do with it. PRIVATE to the collection."""

from __future__ import annotations

import functools
import hashlib
import typing as t
import uuid
from urllib.parse import urlsplit

from ansible_collections.onprem.wandb.plugins.module_utils._object_store import cors
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes import extra
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Answer, Endpoint, request
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Prober, Remark, Skipped

PART = 5 * 1024 * 1024  # the smallest part S3 allows
FOREIGN = "https://onprem-wandb-foreign.invalid"
SMALL = bytes(range(256)) * 4
PROXY = "A proxy in front of the server must pass method, path, query and Host header unchanged."
CORS = (
    "Allow the origin of W&B: MINIO_API_CORS_ALLOW_ORIGIN for servers of the MinIO kind, else a CORS rule of the bucket with AllowedOrigins, "
    "AllowedMethods GET PUT HEAD, AllowedHeaders *, ExposeHeaders ETag."
)


class Bucket:
    """One bucket as W&B uses it. Every object of the check lies under its own prefix."""

    def __init__(
        self,
        endpoint: Endpoint,
        client: t.Any,
        bucket: str,
        prefix: str,
        origins: t.Sequence[str],
        region: str,
        keys: tuple[str, str] = ("", ""),
        size: int = 0,
    ) -> None:
        self.keys = keys  # access key and secret key
        self.size = size  # bytes of the large object, 0 for none
        self.endpoint = endpoint
        self.client = client
        self.bucket = bucket
        self.prefix = prefix.rstrip("/") + "/"
        self.origins = origins
        self.region = region
        self.small = self.prefix + "small"
        self.large = self.prefix + "multipart"
        self.signed = self.prefix + "presigned"

    # --- helpers -----------------------------------------------------------------------------------------------------------

    def url(self, operation: str, key: str, seconds: int = 300, **more: t.Any) -> str:
        """Path and query of a presigned URL."""
        parts = urlsplit(self.client.generate_presigned_url(operation, Params={"Bucket": self.bucket, "Key": key, **more}, ExpiresIn=seconds))
        return f"{parts.path}?{parts.query}"

    def send(self, method: str, target: str, body: t.Optional[bytes] = None, **headers: str) -> Answer:
        """A request as a client without credentials sends it."""
        return request(self.endpoint, method, target, {name.replace("_", "-"): value for name, value in headers.items()}, body)

    def clean(self) -> int:
        """Remove everything below the prefix, also unfinished uploads of an earlier run. The number of things removed."""
        removed = 0
        for key in (self.large, self.prefix + "large"):  # some servers list uploads of whole names only
            for upload in self.client.list_multipart_uploads(Bucket=self.bucket, Prefix=key).get("Uploads") or []:
                if upload["Key"] == key:
                    self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload["UploadId"])
                    removed += 1
        for key in self.keys_below():
            self.client.delete_object(Bucket=self.bucket, Key=key)
            removed += 1
        return removed

    def keys_below(self, folder: str = "") -> list[str]:
        """Names of the check's own objects."""
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix + folder).get("Contents") or []]

    # --- the questions ---------------------------------------------------------------------------------------------------

    def credentials(self) -> Evidence:
        """A signed request that reads."""
        answer = self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
        return {"status": answer["ResponseMetadata"]["HTTPStatusCode"], "server": answer["ResponseMetadata"]["HTTPHeaders"].get("server", "")}

    def location(self) -> Evidence:
        """The region W&B is told must be the bucket's."""
        seen = self.client.get_bucket_location(Bucket=self.bucket).get("LocationConstraint") or "us-east-1"
        if seen == self.region:
            return {"region": seen}
        # Some servers take any region in a signature. Presigned URLs are what the strict ones refuse.
        answer = self.send("HEAD", self.url("head_object", self.signed))
        evidence = {"region": seen, "expected": self.region, **answer.evidence()}
        if answer.status not in (200, 404):
            raise Finding(f"Set the region of the bucket to {seen}: signatures for {self.region} are refused.", **evidence)
        raise Remark(f"The server takes signatures for {self.region}, but calls its region {seen}. Set the region of the bucket to that.", **evidence)

    def leftovers(self) -> Evidence:
        """Objects of an interrupted run."""
        return {"removed": self.clean()}

    def put(self) -> Evidence:
        answer = self.client.put_object(Bucket=self.bucket, Key=self.small, Body=SMALL, ContentType="application/octet-stream")
        return {"etag": answer.get("ETag", "")}

    def head(self) -> Evidence:
        answer = self.client.head_object(Bucket=self.bucket, Key=self.small)
        expected = hashlib.md5(SMALL, usedforsecurity=False).hexdigest()
        evidence = {"etag": answer.get("ETag", ""), "length": answer.get("ContentLength")}
        if answer.get("ContentLength") != len(SMALL):
            raise Finding("The server reports another size than was written.", expected=len(SMALL), **evidence)
        if answer.get("ETag", "").strip('"') != expected:
            raise Remark("The ETag is not the MD5 of the object (server-side encryption does that). W&B's clients compare it.", expected=expected, **evidence)
        return evidence

    def get(self) -> Evidence:
        body = self.client.get_object(Bucket=self.bucket, Key=self.small)["Body"].read()
        if body != SMALL:
            raise Finding("What was written is not what was read: a proxy or a cache changes it.", read=len(body), expected=len(SMALL))
        return {"length": len(body)}

    def list(self) -> Evidence:
        keys = [entry["Key"] for entry in self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix).get("Contents") or []]
        if self.small not in keys:
            raise Finding("An object just written is not in the list.", keys=keys, expected=self.small)
        return {"keys": len(keys)}

    def copy(self) -> Evidence:
        target = self.prefix + "copy"
        answer = self.client.copy_object(Bucket=self.bucket, Key=target, CopySource={"Bucket": self.bucket, "Key": self.small})
        return {"etag": answer.get("CopyObjectResult", {}).get("ETag", "")}

    def multipart(self) -> Evidence:
        """Two parts, the first by the library, the second by a presigned URL, as clients do it."""
        parts = [SMALL * (PART // len(SMALL)), SMALL]
        upload = self.client.create_multipart_upload(Bucket=self.bucket, Key=self.large)["UploadId"]
        first = self.client.upload_part(Bucket=self.bucket, Key=self.large, UploadId=upload, PartNumber=1, Body=parts[0])["ETag"]
        answer = self.send("PUT", self.url("upload_part", self.large, UploadId=upload, PartNumber=2), parts[1])
        if answer.status != 200 or "etag" not in answer.headers:
            raise Finding(f"A part cannot be sent to a presigned URL. {PROXY}", code=answer.code(), **answer.evidence("etag", "server"))
        self.client.complete_multipart_upload(
            Bucket=self.bucket,
            Key=self.large,
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": answer.headers["etag"]}]},
        )
        length = self.client.head_object(Bucket=self.bucket, Key=self.large)["ContentLength"]
        if length != PART + len(SMALL):
            raise Finding("The completed upload has another size than its parts.", length=length, expected=PART + len(SMALL))
        return {"length": length, "parts": 2}

    def multipart_abort(self) -> Evidence:
        upload = self.client.create_multipart_upload(Bucket=self.bucket, Key=self.large)["UploadId"]
        self.client.upload_part(Bucket=self.bucket, Key=self.large, UploadId=upload, PartNumber=1, Body=SMALL)
        self.client.abort_multipart_upload(Bucket=self.bucket, Key=self.large, UploadId=upload)
        left = [item["UploadId"] for item in self.client.list_multipart_uploads(Bucket=self.bucket, Prefix=self.large).get("Uploads") or []]
        if upload in left:
            raise Finding("An aborted upload is still there, its parts fill the disks.", uploads=len(left))
        return {"aborted": 1}

    def presigned_put(self) -> Evidence:
        answer = self.send("PUT", self.url("put_object", self.signed, 24 * 3600), SMALL, Content_Type="application/octet-stream")
        if answer.status != 200:
            raise Finding(f"Uploads to presigned URLs are refused, W&B has no other way. {PROXY}", code=answer.code(), **answer.evidence("server", "location"))
        return answer.evidence("etag", "server")

    def presigned_get(self) -> Evidence:
        answer = self.send("GET", self.url("get_object", self.signed, 3600))
        evidence = {"code": answer.code(), **answer.evidence("server", "location")}
        if answer.status != 200 or answer.body != SMALL:
            raise Finding(f"Downloads from presigned URLs fail, W&B has no other way. {PROXY}", **evidence)
        return answer.evidence("etag")

    def range(self) -> Evidence:
        """Clients read parts of large files, by presigned URLs."""
        answer = self.send("GET", self.url("get_object", self.signed), Range="bytes=100-199")
        if answer.status != 206 or answer.body != SMALL[100:200]:
            raise Finding(f"The server or a proxy ignores the Range header. {PROXY}", length=len(answer.body), expected=100, **answer.evidence("content-range"))
        return answer.evidence("content-range")

    def presigned_head(self) -> Evidence:
        answer = self.send("HEAD", self.url("head_object", self.signed))
        if answer.status != 200:
            raise Finding(f"HEAD of a presigned URL is refused. {PROXY}", **answer.evidence("server"))
        return answer.evidence("etag", "content-length")

    def wrong_signature(self) -> Evidence:
        head, mark, rest = self.url("get_object", self.signed).partition("X-Amz-Signature=")
        answer = self.send("GET", head + mark + "0" * 64 + rest[64:])
        if answer.status == 200:
            raise Finding("An object was handed out on a wrong signature: the bucket is public or a proxy signs. Close it.", **answer.evidence("server"))
        return {**answer.evidence(), "code": answer.code()}

    def public_access(self) -> Evidence:
        answer = self.send("GET", self.url("get_object", self.signed).partition("?")[0])
        if answer.status == 200:
            raise Finding("The object can be read without any signature: remove the bucket's public policy.", **answer.evidence("server"))
        return {**answer.evidence(), "code": answer.code()}

    def _refusal(self, call: t.Callable[..., t.Any], **parameters: t.Any) -> tuple[str, str, t.Any]:
        """Error code, name of the server, and answer of a call that may be refused."""
        try:
            answer = call(**parameters)
        except Exception as error:
            answer = getattr(error, "response", None)
            if not isinstance(answer, dict):
                raise
        code = str(answer.get("Error", {}).get("Code", ""))
        return code, answer["ResponseMetadata"]["HTTPHeaders"].get("server", ""), answer

    def confined(self) -> Evidence:
        """The key opens this bucket and no other."""
        remedy = "Give W&B a user of its own, with a policy for its bucket only."
        dummy, server, answer = self._refusal(self.client.list_buckets)
        others = [entry["Name"] for entry in answer.get("Buckets") or [] if entry["Name"] != self.bucket]
        if others:
            raise Finding(f"The key sees other buckets. {remedy}", buckets=others[:5])
        code = self._refusal(self.client.list_objects_v2, Bucket=f"onprem-wandb-check-{uuid.uuid4().hex[:12]}", MaxKeys=1)[0]
        evidence = {"code for another bucket": code, "server": server}
        if code == "NoSuchBucket" and any(name in server.lower() for name in STRICT_SERVERS):
            raise Finding(f"The key may look for any bucket. {remedy}", **evidence)
        if code != "AccessDenied":
            raise Remark("This server does not let an outsider tell whether the key is confined to its bucket. Look at its policy.", **evidence)
        return evidence

    # --- CORS --------------------------------------------------------------------------------------------------------------

    def preflight(self, origin: str, method: str) -> Answer:
        """The request a browser sends first."""
        operation = {"GET": "get_object", "HEAD": "head_object", "PUT": "put_object"}[method]
        return request(
            self.endpoint,
            "OPTIONS",
            self.url(operation, self.signed),
            {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": ",".join(cors.REQUEST_HEADERS)},
        )

    def cors_preflight(self) -> Evidence:
        """Every origin, every method."""
        if not self.origins:
            raise Skipped("", reason="no origins given")
        problems, evidence = [], {}
        for origin in self.origins:
            for method in cors.METHODS:
                answer = self.preflight(origin, method)
                problems += [f"{method} from {origin}: {text}" for text in cors.preflight_problems(origin, method, answer.status, answer.headers)]
                evidence[f"{method} {origin}"] = f"{answer.status} {answer.headers.get('access-control-allow-origin', '')}"
        if problems:
            raise Finding(CORS, problems=problems)
        return evidence

    def cors_response(self) -> Evidence:
        """The answer itself, not only the preflight, must let the page read it."""
        if not self.origins:
            raise Skipped("", reason="no origins given")
        problems = []
        for origin in self.origins:
            for method, operation in (("GET", "get_object"), ("PUT", "put_object")):
                answer = self.send(method, self.url(operation, self.signed), SMALL if method == "PUT" else None, Origin=origin)
                if answer.status != 200:
                    problems.append(f"{method} from {origin}: status {answer.status} {answer.code()}, expected 200")
                elif not cors.origin_allowed(origin, answer.headers):
                    problems.append(f"{method} from {origin}: access-control-allow-origin is {answer.headers.get('access-control-allow-origin', 'absent')}")
                elif not cors.exposes("etag", answer.headers):
                    seen = answer.headers.get("access-control-expose-headers", "absent")
                    problems.append(f"{method} from {origin}: access-control-expose-headers is {seen}, expected ETag in it")
        if problems:
            raise Finding(CORS, problems=problems)
        return {"origins": len(self.origins), "exposed": "ETag"}

    def cors_foreign(self) -> Evidence:
        """A page of somebody else."""
        answer = self.preflight(FOREIGN, "PUT")
        evidence = answer.evidence("access-control-allow-origin")
        if not cors.preflight_problems(FOREIGN, "PUT", answer.status, answer.headers):
            raise Remark("Pages of any origin may use presigned URLs they get hold of. Name W&B's origin instead of *.", **evidence)
        return evidence

    def delete(self) -> Evidence:
        """The end: nothing is left behind."""
        removed = self.clean()
        left = [entry["Key"] for entry in self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix).get("Contents") or []]
        if left:
            raise Finding("Deleted objects are still there.", left=left)
        return {"removed": removed}


# Servers that refuse before they say whether a bucket exists.
STRICT_SERVERS = ("minio", "silo")
READING = ("cors_preflight", "cors_foreign")
WRITING: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("put", ()),
    ("head", ("put",)),
    ("get", ("put",)),
    ("list", ("put",)),
    ("copy", ("put",)),
    ("multipart", ("put",)),
    ("multipart_abort", ("put",)),
    ("presigned_put", ()),
    ("presigned_get", ("presigned_put",)),
    ("range", ("presigned_get",)),
    ("presigned_head", ("presigned_put",)),
    ("wrong_signature", ("presigned_put",)),
    ("public_access", ("presigned_put",)),
    ("cors_response", ("presigned_put",)),
)
# In extra.py. Those of the first line write nothing.
FOUND = ("versioning", "lifecycle")
EXTRA: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("checksum_trailer", ("head",)),
    ("expiry", ("presigned_get",)),
    ("content_disposition", ("presigned_get",)),
    ("names", ("presigned_get", "list")),
    ("empty", ("presigned_get",)),
    ("large", ("multipart",)),
)


def ask(bucket: Bucket, prober: Prober, write: bool) -> None:
    """All questions about the bucket in their order. Needs the probe tls of the endpoint."""
    prober.run("addressing", lambda: extra.addressing(bucket), needs=["tls"])
    prober.run("credentials", bucket.credentials, needs=["addressing"])
    prober.run("region", bucket.location, needs=["credentials"])
    prober.run("confined", bucket.confined, needs=["credentials"])
    for name in READING:
        prober.run(name, getattr(bucket, name), needs=["addressing"])
    for name in FOUND:
        prober.run(name, functools.partial(getattr(extra, name), bucket), needs=["credentials"])
    if not write:
        return
    prober.run("leftovers", bucket.leftovers, needs=["credentials"])
    try:
        for name, needs in WRITING:
            prober.run(name, getattr(bucket, name), needs=["region", *needs])
        for name, needs in EXTRA:
            prober.run(name, functools.partial(getattr(extra, name), bucket), needs=["region", *needs])
    finally:
        prober.run("delete", bucket.delete, needs=["credentials"], late=True)
