# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bucket that s3_bucket_check asks about, and what its questions share. PRIVATE to the collection."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Answer, Endpoint, request

PART = 5 * 1024 * 1024  # the smallest part S3 allows
SMALL = bytes(range(256)) * 4
PROXY = "A proxy in front of the server must pass method, path, query and Host header unchanged."


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


def call(function: t.Callable[..., t.Any], **parameters: t.Any) -> tuple[str, t.Mapping[str, t.Any]]:
    """Error code, empty when there was none, and the answer of a request that may be refused."""
    try:
        answer = function(**parameters)
    except Exception as error:
        answer = getattr(error, "response", None)
        if not isinstance(answer, dict):
            raise
    return str(answer.get("Error", {}).get("Code", "")), answer
