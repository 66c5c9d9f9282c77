# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of MINIO_VOLUMES."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.onprem.wandb.plugins.filter.minio_drives import minio_drives
from ansible_collections.onprem.wandb.plugins.plugin_utils._minio_volumes import drives, expand

POOL = "https://store{1...2}.example.com:9000/mnt/disk{1...2}/minio"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data", ["/data"]),
        ("/d{1...3}", ["/d1", "/d2", "/d3"]),
        ("/d{09...11}", ["/d09", "/d10", "/d11"]),
        ("/r{1...2}/d{1...2}", ["/r1/d1", "/r1/d2", "/r2/d1", "/r2/d2"]),
    ],
)
def test_expansion(text, expected):
    assert expand(text) == expected


def test_a_host_has_its_directories_in_each_pool():
    more = "https://store{3...4}.example.com:9000/mnt/new{1...2}"
    assert drives([POOL, more], ["store1", "Store1.example.com"]) == ["/mnt/disk1/minio", "/mnt/disk2/minio"]
    assert drives([POOL, more], ["store4.example.com"]) == ["/mnt/new1", "/mnt/new2"]
    assert drives(["http://10.0.0.{1...4}/data"], ["10.0.0.3"]) == ["/data"]
    assert drives(["/var/lib/minio/data"], []) == ["/var/lib/minio/data"]


@pytest.mark.parametrize(
    ("volumes", "names", "sentence"),
    [
        ([POOL], ["store9.example.com"], "has no directory in minio_volumes"),
        (["data"], ["a"], "no absolute path"),
        (["https://a:9000"], ["a"], "no absolute path"),
        (["/d{4...1}"], ["a"], "4 is above 1"),
        (["/d{a...b}"], ["a"], "is no expression"),
    ],
)
def test_what_cannot_be_meant(volumes, names, sentence):
    with pytest.raises(ValueError, match=sentence):
        drives(volumes, names)


def test_the_filter_gives_dictionaries_and_sentences():
    assert minio_drives(["/d{1...2}"]) == [{"path": "/d1"}, {"path": "/d2"}]
    with pytest.raises(AnsibleFilterError, match="no absolute path"):
        minio_drives(["data"])
