# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passwords and keys."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import credentials


@pytest.mark.parametrize("value", ["p@ssWord1", "a/b", "a+b", "white space", "ümlaut", "tail\n", "a:b", "a%b", "a_b"])
def test_characters_that_break_wandb(site, found, value):
    findings = list(credentials.supplied(site({"redis_password": value})))
    assert ("localhost", "redis_password", "problem") in found(findings)
    assert not any(value in "%s%s%s" % (item.value, item.expected, item.remedy) for item in findings)


def test_letters_and_digits(site):
    assert not list(credentials.supplied(site({"redis_password": "abcXYZ019"})))


def test_characters_in_a_stored_secret(site, found):
    files = {"/secrets/redis_password": b"p@ss salt=abc\n"}
    findings = list(credentials.stored(site(files=files)))
    assert found(findings) == [("localhost", "/secrets/redis_password", "problem")]
    assert "p@ss" not in findings[0].value
    assert not list(credentials.stored(site({"redis_password": "fine"}, files=files)))


def test_an_empty_secret_file(site, found):
    assert found(credentials.stored(site(files={"/secrets/redis_password": b"\n"}))) == [("localhost", "/secrets/redis_password", "problem")]


def test_which_secrets_will_be_generated(site):
    built = site({"mysql_app_password": "abc"}, files={"/secrets/redis_password": b"abc\n"})
    assert credentials.to_generate(built) == [
        "mysql_replication_password",
        "mysql_clone_password",
        "mysql_backup_password",
        "mysql_backup_secret_key",
        "redis_admin_password",
        "minio_root_password",
        "minio_secret_key",
    ]


def test_an_external_service_gets_no_generated_secret(site):
    groups = {"kube_control_plane": ["cp1"], "kube_node": ["node1"]}
    assert credentials.to_generate(site(groups=groups)) == []
