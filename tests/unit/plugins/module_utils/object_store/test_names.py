# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of buckets, regions and origins that cannot work, each in a sentence."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import names


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wandb-files", ""),
        ("Old_Name.1", ""),
        ("bucket/team-a", "has a path in it"),
        ("bucket/", "such as bucket-wandb"),
        ("", "no name of S3"),
        ("a b", "no name of S3"),
        ("ab", "3 to 63"),
        ("x" * 64, "3 to 63"),
        ("wandb-files\n", "no name of S3"),
        ("...", "no name of S3"),
    ],
)
def test_buckets(name, words):
    assert words in names.bucket_problem(name) and bool(words) == bool(names.bucket_problem(name))


@pytest.mark.parametrize(("name", "bad"), [("us-east-1", False), ("garage", False), ("", True), (" us-east-1", True), ("us east", True), ("a/b", True)])
def test_regions(name, bad):
    assert bool(names.region_problem(name)) == bad


@pytest.mark.parametrize(
    ("origin", "right"),
    [
        ("https://wandb.example.com", ""),
        ("https://wandb.example.com:8443", ""),
        ("*", ""),
        ("https://wandb.example.com/", "expected https://wandb.example.com,"),
        ("https://WANDB.example.com", "expected https://wandb.example.com,"),
        ("wandb.example.com", "expected https://wandb.example.com,"),
        ("https://w.example.com/path", "expected https://w.example.com,"),
    ],
)
def test_origins(origin, right):
    assert right in names.origin_problem(origin) and bool(right) == bool(names.origin_problem(origin))
