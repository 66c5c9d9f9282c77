# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bucket, policy and user: what is missing."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import account

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": "arn:aws:s3:::b"},
        {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]},
    ],
}
# the same, as a server gives it back
STORED = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::b/*"], "Condition": {}},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": ["arn:aws:s3:::b"]},
    ],
}
WANTED = account.Wanted("b", "us-east-1", "key", "b", POLICY)


def seen(**changes):
    return account.Seen(**{"bucket": True, "policy": STORED, "user": True, "enabled": True, "secret_valid": True, "attached": ["b"], **changes})


def actions(state):
    return [step.action for step in account.plan(WANTED, state)]


def test_nothing_to_do():
    assert actions(seen()) == []


def test_everything_in_an_order_that_works():
    assert actions(account.Seen()) == ["make_bucket", "put_policy", "put_user", "attach_policy"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"bucket": False}, ["make_bucket"]),
        ({"policy": None}, ["put_policy"]),
        ({"secret_valid": False}, ["put_user"]),
        ({"enabled": False, "secret_valid": False}, ["put_user"]),
        ({"enabled": False}, ["enable_user"]),
        ({"attached": []}, ["attach_policy"]),
        ({"attached": ["b", "readwrite"]}, ["attach_policy"]),
        ({"user": False, "enabled": False, "secret_valid": False, "attached": []}, ["put_user", "attach_policy"]),
    ],
)
def test_each_difference_has_its_step(changes, expected):
    assert actions(seen(**changes)) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"Action": ["s3:GetObject"]},
        {"Action": ["s3:GetObject", "s3:PutObject", "s3:*"]},
        {"Resource": ["arn:aws:s3:::*"]},
        {"Effect": "Deny"},
        {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
    ],
)
def test_a_policy_that_means_something_else_is_replaced(change):
    other = {"Version": "2012-10-17", "Statement": [{**STORED["Statement"][0], **change}, STORED["Statement"][1]]}
    assert actions(seen(policy=other)) == ["put_policy"]


def test_policies_of_a_user():
    assert account.attached_policies({"policyName": "b, a"}) == ["a", "b"]
    assert account.attached_policies({}) == []
