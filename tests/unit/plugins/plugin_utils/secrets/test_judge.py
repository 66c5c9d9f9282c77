# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When new secrets may be made."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._secrets import judge

BARE = {"missing": ["redis_password"], "found": {}}
SERVES = {"missing": ["redis_password"], "found": {"redis_password": "/etc/redis/auth.conf"}}
NAMES = ["redis_password"]


def test_bare_hosts_get_secrets():
    assert judge.refusal("/s", NAMES, ["a", "b"], {"a": BARE, "b": BARE}) == ""


def test_nothing_is_missing():
    assert judge.refusal("/s", [], ["a", "b"], {}) == ""


def test_one_host_that_serves_is_enough():
    """A bare host that takes the place of another one must not get new secrets beside its peer."""
    said = judge.refusal("/s", NAMES, ["a", "b"], {"a": BARE, "b": SERVES})
    assert said.startswith("redis_password is not in /s, but these hosts were set up with it: b has /etc/redis/auth.conf.")
    assert "Nothing was changed. Next: set site_secrets_dir: <directory> where the secrets are, or copy them to /s" in said


def test_a_host_that_was_not_looked_at():
    said = judge.refusal("/s", NAMES, ["a", "b"], {"a": BARE})
    assert "nobody can say whether b was set up with it" in said
    assert "Next: ansible b -i <inventory> -m ping" in said


@pytest.mark.parametrize(("site", "typed", "refused"), [("", "", True), ("prod", "", True), ("prod", "test", True), ("prod", "prod", False)])
def test_who_lost_them_says_the_sites_name(site, typed, refused):
    assert bool(judge.refusal("/s", NAMES, ["b"], {"b": SERVES}, site, typed)) is refused


def test_what_any_host_misses():
    assert judge.missing_names({"a": {"missing": ["x"]}, "b": {"missing": ["x", "y"]}, "c": {"missing": []}}) == ["x", "y"]
