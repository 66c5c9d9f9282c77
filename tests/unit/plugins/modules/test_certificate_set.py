# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of certificate_set that cannot be meant."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.modules.certificate_set import wrong_requests

GOOD = {"name": "ingress", "hosts": ["wandb.example.com"]}
FILES = {"certificate_file": "c", "private_key_file": "k"}


@pytest.mark.parametrize(
    ("requests", "provided", "words"),
    [
        ([GOOD, GOOD], {}, "requested twice"),
        ([{"name": "redis", "hosts": ["", ""]}], {}, "has no host"),
        ([GOOD], {"ingres": FILES}, "which nothing asks for. Known names: ingress"),
        ([GOOD], {"ingress": {"certificate_file": "c"}}, "needs certificate_file and private_key_file"),
        ([GOOD], {"ingress": {**FILES, "key": "k"}}, "may have ca_file"),
        ([GOOD], {"ingress": "c"}, "needs certificate_file"),
    ],
)
def test_each_is_one_sentence(requests, provided, words):
    found = wrong_requests({"requests": requests, "provided": provided})
    assert len(found) == 1
    assert words in found[0]


def test_good_ones_are_none():
    assert wrong_requests({"requests": [GOOD], "provided": {"ingress": {**FILES, "ca_file": "a"}}}) == []
