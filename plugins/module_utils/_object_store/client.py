# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 client of the checks: boto3 with deadlines, and what its errors mean for an operator. PRIVATE to the collection."""

from __future__ import annotations

import traceback
import typing as t
from xml.etree.ElementTree import ParseError

from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import Endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._probe import Finding

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    BOTO3_ERROR: t.Optional[str] = None
    BROKEN: tuple[type[Exception], ...] = (ResponseParserError, ParseError)  # an answer that cannot be read
    ERRORS: tuple[type[Exception], ...] = (OSError, BotoCoreError, ClientError, ResponseParserError, ParseError)
except ImportError:
    BOTO3_ERROR = traceback.format_exc()
    ERRORS = (OSError,)
    BROKEN = (ParseError,)

NO_S3 = (
    "Something answers there, but not as S3: is it the port of a web console (9001), a login page, or the page of a proxy whose server is down? "
    "Give the name and port of the S3 service."
)
# What the error codes of S3 servers mean here.
REMEDIES = {
    "InvalidAccessKeyId": "The server does not know this access key: compare it with the server's users.",
    "SignatureDoesNotMatch": "The secret key is not the server's, or a proxy changes the Host header or the path: requests must arrive as they were signed.",
    "AccessDenied": "The policy of this access key does not allow it. It needs list and multipart list on the bucket; get, put, delete and abort on objects.",
    "NoSuchBucket": "The bucket does not exist: make it, or correct its name.",
    "RequestTimeTooSkewed": "The clocks of this machine and of the server differ too much: look at chrony on both.",
    "AuthorizationHeaderMalformed": "The region is another one than the server's: correct it.",
    "PermanentRedirect": "The bucket is at another endpoint or in another region: correct them.",
    "NotImplemented": "The server does not implement this request. W&B needs it: use another server or a newer version.",
    "413": "Something refuses bodies of this size, mostly a proxy: set its limit off (nginx: client_max_body_size 0). Parts of uploads have 5 MiB and more.",
    "EntityTooLarge": "Something refuses bodies of this size, mostly a proxy: set its limit off. Parts of uploads have 5 MiB and more.",
    "AccessForbidden": "The policy of this access key does not allow it.",
    "EntityTooSmall": "The server wants larger parts than 5 MiB. W&B's clients send 5 MiB parts and larger.",
    "XMinioStorageFull": "The server's disks are full.",
    "QuotaExceeded": "The bucket's quota is used up.",
    "SlowDown": "The server is overloaded or still starting.",
}
# HEAD answers carry no code, only a status.
STATUS = {"403": "AccessDenied", "404": "NoSuchBucket", "301": "PermanentRedirect"}


def make_client(endpoint: Endpoint, access_key: str, secret_key: str, region: str, addressing_style: str, directory: str) -> t.Any:
    """A client as W&B's: signature version 4, no proxies, one attempt."""
    settings: dict[str, t.Any] = {
        "signature_version": "s3v4",
        "s3": {"addressing_style": addressing_style},
        "connect_timeout": endpoint.timeout,
        "read_timeout": endpoint.timeout,
        "retries": {"total_max_attempts": 1},
        "proxies": {},
    }
    try:
        # A checksum behind every body is a question of its own (checksum_trailer).
        config = Config(**settings, request_checksum_calculation="when_required", response_checksum_validation="when_required")
    except TypeError:  # libraries of before 2025 send none
        config = Config(**settings)
    return boto3.client(
        "s3",
        endpoint_url=endpoint.url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name=region,
        verify=endpoint.bundle(directory) if endpoint.secure else True,
        config=config,
    )


def explain(error: Exception) -> Finding:
    """An error of the library as a finding."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict) and isinstance(error, BROKEN):
        return Finding(NO_S3, error=f"{type(error).__name__}: {error}")
    if not isinstance(response, dict):
        text = f"{type(error).__name__}: {error}"
        return Finding("No usable answer. Look at the way between this machine and the server, and at the server's log.", error=text)
    code = str(response.get("Error", {}).get("Code", ""))
    code = STATUS.get(code, code) or str(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or "")
    evidence: dict[str, t.Any] = {"code": code, "status": response.get("ResponseMetadata", {}).get("HTTPStatusCode")}
    message = response.get("Error", {}).get("Message")
    if message:
        evidence["message"] = message
    return Finding(REMEDIES.get(code, "Look for this code in the server's documentation and log."), **evidence)
