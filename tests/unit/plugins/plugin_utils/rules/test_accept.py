# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of role accept."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import Host, PlainVariables
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules import ON_CALL, ROLES, judge
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules.model import Place

PYTHON = "/opt/training/bin/python"
GOOD = {"accept_url": "https://wandb.example.com", "accept_api_key": "k" * 40, "accept_controller_python": PYTHON, "accept_python": PYTHON}
GROUPS = {"all": ["db1", "t1"], "mysql": ["db1"], "clients": ["t1"], "empty": []}


def said(host: str = "localhost", **changes: Any) -> list[tuple[str, str]]:
    found = list(judge("accept", Place(Host(host, variables=PlainVariables(GOOD | changes)), GROUPS)))
    assert all(one.host == host and one.expected and one.remedy for one in found) and "hunter2" not in str(found)
    return [(one.variable, one.value) for one in found]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"accept_url": ""}, [("accept_url", "empty")]),
        ({"accept_url": "wandb.example.com"}, [("accept_url", "wandb.example.com")]),
        ({"accept_url": "https://wandb.example.com/x"}, [("accept_url", "https://wandb.example.com/x")]),
        ({"accept_api_key": ""}, [("accept_api_key", "empty")]),
        ({"accept_api_key": "hunter2"}, [("accept_api_key", "(hidden), 7 characters")]),
        ({"accept_api_key": "k" * 40 + "\n"}, [("accept_api_key", "(hidden), 41 characters")]),
        ({"accept_groups": ["clients", "mysql"]}, []),
        ({"accept_groups": ["client"]}, [("accept_groups", "client")]),
        ({"accept_groups": ["empty"]}, [("accept_groups", "empty")]),
        ({"accept_controller_python": "venv/bin/python"}, [("accept_controller_python", "venv/bin/python")]),
        ({"accept_controller_python": ""}, [("accept_controller_python", "empty")]),
        ({"accept_controller_python": "", "accept_index_url": "https://u:hunter2@mirror/simple"}, []),
    ],
)
def test_on_the_controller(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert said(**changes) == expected


def test_on_a_host_only_what_is_its_own() -> None:
    assert said("t1", accept_url="", accept_api_key="", accept_groups=["x"]) == []
    assert said("t1", accept_python="") == [("accept_python", "empty")]


def test_preflight_asks_no_site_for_a_key() -> None:
    """The key comes with the call."""
    assert "accept" in ON_CALL and "accept" not in ROLES
