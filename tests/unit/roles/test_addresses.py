# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a server listens is where its clients and its measurements go."""

from __future__ import annotations

import typing as t

import pytest

from .role_value import value

SITE: dict[str, t.Any] = {
    "inventory_hostname": "localhost",
    "wandb_fqdn": "wandb.example.com",
    "groups": {"all": ["db1", "store1"], "mysql": ["db1"], "redis": ["store1"], "minio": ["store1"]},
    "hostvars": {
        "db1": {"ansible_host": "192.0.2.21", "mysql_address": "10.0.0.21", "mysql_port": 3307, "mysql_accept_single_host": True},
        "store1": {"ansible_host": "192.0.2.31", "redis_address": "10.0.0.31"},
    },
}


@pytest.mark.parametrize(
    ("role", "host", "expression", "expected"),
    [
        ("wandb", "localhost", "wandb_redis_host", "10.0.0.31"),
        ("wandb", "localhost", "__wandb_mysql_addresses", {"db1": "10.0.0.21"}),
        ("redis", "store1", "redis_address", "10.0.0.31"),
        ("verify", "store1", "verify_redis_host", "10.0.0.31"),
        ("verify", "db1", "verify_mysql_host", "10.0.0.21"),
        ("verify", "db2", "__verify_mysql_peers", [{"host": "10.0.0.21", "port": 3307}]),
        ("verify", "store1", "__verify_settings.single_mysql", True),  # the group's, whichever host the play begins with
        ("mysql", "db1", "__mysql_addresses", {"db1": "10.0.0.21"}),
    ],
)
def test_the_layers_own_address_counts(role: str, host: str, expression: str, expected: t.Any) -> None:
    here = SITE["hostvars"].get(host, {})
    assert value(role, expression, **{**SITE, **here, "inventory_hostname": host}) == expected
