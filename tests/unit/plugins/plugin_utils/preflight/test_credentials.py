# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passwords and keys."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.interface import CREDENTIALS
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import credentials
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.values import load_options


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


def test_a_stored_secret_that_is_no_text(site, found):
    """The lookup secret would end the run at it, after hosts were changed."""
    assert found(credentials.stored(site(files={"/secrets/redis_password": b"\xff\xfe\x80"}))) == [("localhost", "/secrets/redis_password", "problem")]


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


def test_a_rotated_key_is_the_one_that_is_looked_at(site, found):
    """After minio_rotate_key and minio_retire_key the first key's file is gone; the one in use has its own name."""
    files = {"/secrets/minio_access_key": b"wandbfiles2", "/secrets/minio_secret_key_wandbfiles2": b"abc\n"}
    assert not [name for name in credentials.to_generate(site(files=files)) if name.startswith("minio_secret_key")]
    files["/secrets/minio_secret_key_wandbfiles2"] = b"a/c\n"
    assert found(credentials.stored(site(files=files))) == [("localhost", "/secrets/minio_secret_key_wandbfiles2", "problem")]


def test_the_key_of_the_mirror_belongs_to_a_site_that_has_one(site, found):
    target = {"minio_backup_target": {"type": "local"}}
    assert "minio_backup_secret_key" in credentials.to_generate(site(target))
    assert "minio_backup_secret_key" not in credentials.to_generate(site())
    files = {"/secrets/minio_backup_secret_key": b"a b\n"}
    assert found(credentials.stored(site(target, files=files))) == [("localhost", "/secrets/minio_backup_secret_key", "problem")]
    assert found(credentials.supplied(site({"minio_backup_secret_key": "a/b"}))) != []


def test_an_empty_variable_is_no_secret(site):
    assert "redis_password" in credentials.to_generate(site({"redis_password": ""}))


SERVES = {"store1": {"evidence": {"redis_password": "/etc/redis/auth.conf", "minio_root_password": "/etc/default/minio::MINIO_ROOT_PASSWORD"}}}


def test_hosts_that_serve_get_no_new_secrets(site):
    findings = list(credentials.over_a_site_that_serves(site(measured=SERVES)))
    assert [(item.host, item.value, item.expected) for item in findings] == [
        ("store1", "set up with redis_password, minio_root_password (/etc/default/minio, /etc/redis/auth.conf)", "them in /secrets")
    ]


def test_hosts_whose_secrets_are_here_are_fine(site):
    files = {"/secrets/redis_password": b"a\n", "/secrets/minio_root_password": b"b\n"}
    assert not list(credentials.over_a_site_that_serves(site(measured=SERVES, files=files)))
    assert not list(credentials.over_a_site_that_serves(site({"redis_password": "a", "minio_root_password": "b"}, measured=SERVES)))
    assert not list(credentials.over_a_site_that_serves(site()))


@pytest.mark.parametrize(("typed", "refused"), [("", True), ("other", True), ("test", False)])
def test_lost_secrets_are_given_up_by_the_sites_name(site, typed, refused):
    assert bool(list(credentials.over_a_site_that_serves(site({"site_accept_new_secrets": typed}, measured=SERVES)))) is refused


def test_a_ca_that_is_elsewhere(site):
    trusts = {"node1": {"evidence": {"ca-bundle.crt": "/usr/local/share/ca-certificates/onprem-wandb.crt"}}}
    assert len(list(credentials.over_a_site_that_serves(site(measured=trusts)))) == 1
    assert not list(credentials.over_a_site_that_serves(site(measured=trusts, files={"/secrets/certificates/ca-bundle.crt": b"x"})))
    assert not list(credentials.over_a_site_that_serves(site({"certificates_dir": "/pki"}, measured=trusts, files={"/pki/ca-bundle.crt": b"x"})))


@pytest.mark.parametrize("name", credentials.ONE_LINE)
@pytest.mark.parametrize("value", ["abc\n", " abc", "abc\r\n", "a\nb"])
def test_a_secret_with_a_line_end(site, name, value):
    """ansible-vault encrypt_string keeps the line end of what is piped into it."""
    found = list(credentials.line_ends(site({name: value})))
    assert {finding.variable for finding in found} == {name}
    assert all("printf %s" in finding.remedy and "abc" not in finding.value for finding in found)


@pytest.mark.parametrize("value", ["abc", "a b", "", None])
def test_a_secret_of_one_line(site, value):
    assert not list(credentials.line_ends(site({"wandb_license": value})))


# What no rule about characters or lines is for: keys of several lines, mappings, what another variable's value is handed on as, and what comes with a call
# of accept, whose own rules judge it.
OTHERS = {"minio_backup_ssh_key", "redis_extra_users", "accept_api_key", "accept_index_url"}
HANDED_ON = ("verify_",)


def test_every_secret_of_a_role_has_a_rule():
    secrets = {name for options in load_options().values() for name, option in options.items() if option.get("no_log")}
    ruled = {*CREDENTIALS, *credentials.ONE_LINE, *OTHERS}
    assert {name for name in secrets - ruled if not name.startswith(HANDED_ON)} == set()
