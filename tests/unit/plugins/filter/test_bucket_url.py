# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a bucket is asked for has one home."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.filter.bucket_url import bucket_url

TOP = pathlib.Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("endpoint", "region", "tls", "url"),
    [
        ("s3.example.com:9000", "us-east-1", True, "https://s3.example.com:9000"),
        ("s3.example.com:9000", "us-east-1", "no", "http://s3.example.com:9000"),
        ("", "eu-central-1", "true", "https://s3.eu-central-1.amazonaws.com"),
        ("", "cn-north-1", True, "https://s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_url(endpoint: str, region: str, tls: t.Any, url: str) -> None:
    assert bucket_url(endpoint, region, tls) == url


def test_nobody_spells_amazons_name_a_second_time() -> None:
    command = ["git", "grep", "-l", "amazonaws[.]com", "--", "plugins", "roles", "playbooks"]
    found = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert found.stdout.split() == ["plugins/filter/bucket_url.py"]
