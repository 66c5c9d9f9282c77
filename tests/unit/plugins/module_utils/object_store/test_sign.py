# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our signer against the library's, for the one moment they can share."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import sign
from botocore.config import Config


@pytest.mark.parametrize("key", ["plain", "a b", "100%", "a+b", "größe", "deep/er/name", "a&b=c"])
@pytest.mark.parametrize(("method", "operation"), [("GET", "get_object"), ("PUT", "put_object")])
def test_the_same_signature_as_the_library(key, method, operation):
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    client = boto3.client(
        "s3", endpoint_url="https://s3.test:9000", aws_access_key_id="key", aws_secret_access_key="secret", region_name="eu-west-1", config=config
    )
    theirs = urlsplit(client.generate_presigned_url(operation, Params={"Bucket": "b", "Key": key}, ExpiresIn=600))
    query = parse_qs(theirs.query)
    moment = dt.datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ")
    ours = urlsplit(sign.presign(method, "s3.test:9000", f"/b/{key}", "key", "secret", "eu-west-1", moment, 600))
    assert ours.path == theirs.path
    assert parse_qs(ours.query) == query
