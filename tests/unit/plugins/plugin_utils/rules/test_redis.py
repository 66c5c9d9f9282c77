# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of role redis."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import Host, PlainVariables
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules import redis
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules.model import Place


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        ({}, ""),
        (None, ""),
        ({"maxclients": 100, "tls-key-file": "/k"}, ""),
        *(({name: "Hunter2"}, name) for name in redis.SECRETS),
        ({"RequirePass": "Hunter2", "maxclients": 1, "user": "Hunter2"}, "RequirePass, user"),
    ],
)
def test_secrets_where_they_would_be_shown(settings: Any, seen: str) -> None:
    found = list(redis.secrets(Place(Host("store1", variables=PlainVariables({redis.SETTINGS: settings})))))
    assert [(one.host, one.variable, one.value) for one in found] == ([("store1", redis.SETTINGS, "(hidden) with %s" % seen)] if seen else [])
    assert "Hunter2" not in str(found)
