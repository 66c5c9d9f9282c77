# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of W&B in a browser: what it may send to presigned URLs, and what it may read. PRIVATE to the collection."""

from __future__ import annotations

from ansible_collections.onprem.wandb.plugins.module_utils._object_store import cors
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Answer, request
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes.bucket import SMALL, Bucket
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Remark, Skipped

FOREIGN = "https://onprem-wandb-foreign.invalid"
CORS = (
    "Allow the origin of W&B: MINIO_API_CORS_ALLOW_ORIGIN for servers of the MinIO kind, else a CORS rule of the bucket with AllowedOrigins, "
    "AllowedMethods GET PUT HEAD, AllowedHeaders *, ExposeHeaders ETag."
)


def preflight(bucket: Bucket, origin: str, method: str) -> Answer:
    """The request a browser sends first."""
    operation = {"GET": "get_object", "HEAD": "head_object", "PUT": "put_object"}[method]
    return request(
        bucket.endpoint,
        "OPTIONS",
        bucket.url(operation, bucket.signed),
        {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": ",".join(cors.REQUEST_HEADERS)},
    )


def cors_preflight(bucket: Bucket) -> Evidence:
    """Every origin, every method."""
    if not bucket.origins:
        raise Skipped("", reason="no origins given")
    problems, evidence = [], {}
    for origin in bucket.origins:
        for method in cors.METHODS:
            answer = preflight(bucket, origin, method)
            problems += [f"{method} from {origin}: {text}" for text in cors.preflight_problems(origin, method, answer.status, answer.headers)]
            evidence[f"{method} {origin}"] = f"{answer.status} {answer.headers.get('access-control-allow-origin', '')}"
    if problems:
        raise Finding(CORS, problems=problems)
    return evidence


def cors_response(bucket: Bucket) -> Evidence:
    """The answer itself, not only the preflight, must let the page read it."""
    if not bucket.origins:
        raise Skipped("", reason="no origins given")
    problems = []
    for origin in bucket.origins:
        for method, operation in (("GET", "get_object"), ("PUT", "put_object")):
            answer = bucket.send(method, bucket.url(operation, bucket.signed), SMALL if method == "PUT" else None, Origin=origin)
            if answer.status != 200:
                problems.append(f"{method} from {origin}: status {answer.status} {answer.code()}, expected 200")
            elif not cors.origin_allowed(origin, answer.headers):
                problems.append(f"{method} from {origin}: access-control-allow-origin is {answer.headers.get('access-control-allow-origin', 'absent')}")
            elif not cors.exposes("etag", answer.headers):
                seen = answer.headers.get("access-control-expose-headers", "absent")
                problems.append(f"{method} from {origin}: access-control-expose-headers is {seen}, expected ETag in it")
    if problems:
        raise Finding(CORS, problems=problems)
    return {"origins": len(bucket.origins), "exposed": "ETag"}


def cors_foreign(bucket: Bucket) -> Evidence:
    """A page of somebody else."""
    answer = preflight(bucket, FOREIGN, "PUT")
    evidence = answer.evidence("access-control-allow-origin")
    if not cors.preflight_problems(FOREIGN, "PUT", answer.status, answer.headers):
        raise Remark("Pages of any origin may use presigned URLs they get hold of. Name W&B's origin instead of *.", **evidence)
    return evidence
