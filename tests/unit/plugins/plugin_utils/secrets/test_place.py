# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the secrets of a site are: never where Ansible looks for hosts, and told where they were."""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._secrets import known, place


@pytest.fixture(name="site")
def _site(tmp_path: pathlib.Path) -> pathlib.Path:
    """An inventory directory with a file of hosts."""
    directory = tmp_path / "inventories" / "my site"
    directory.mkdir(parents=True)
    (directory / "hosts.yml").write_text("all: {hosts: {db1: }}\n")
    return directory


def given(site: pathlib.Path, kind: str) -> list[str]:
    """What ansible_inventory_sources holds for a kind of -i."""
    return {
        "directory": [str(site)],
        "file": [str(site / "hosts.yml")],
        "several": [str(site / "hosts.yml"), str(site)],
        "list before": ["db1,", str(site)],
        "parent": [str(site.parent)],
    }[kind]


@pytest.mark.parametrize("kind", ["directory", "file", "several", "list before"])
def test_beside_the_inventory_with_a_name_that_ansible_leaves_out(site, kind):
    assert place.directory("", given(site, kind)) == str(site / ".secrets")


def test_one_place_for_all_hosts_whichever_source_names_them(site, tmp_path):
    more = tmp_path / "more"
    more.mkdir()
    assert place.directory("", [str(site), str(more)], str(more)) == str(site / ".secrets")


@pytest.mark.parametrize("kind", ["directory", "parent", "several"])
@pytest.mark.parametrize("name", ["secrets", "keys/of/the/site"])
def test_a_setting_that_lies_in_the_inventory_is_refused(site, kind, name):
    with pytest.raises(place.Misplaced, match="Ansible would read each password there as a host.*Next: set site_secrets_dir: "):
        place.directory(str(site / name), given(site, kind))


@pytest.mark.parametrize("name", [".secrets", ".keys/now", "group_vars/.all", "../elsewhere"])
def test_a_setting_that_is_not_read_is_taken(site, name):
    assert place.directory(str(site / name), given(site, "directory")) == os.path.abspath(site / name)


def test_a_link_into_the_inventory_is_seen(site, tmp_path):
    (site / "secrets").mkdir()
    (tmp_path / "link").symlink_to(site / "secrets")
    with pytest.raises(place.Misplaced):
        place.directory(str(tmp_path / "link"), given(site, "directory"))


def test_a_file_as_inventory_reads_nothing_beside_it(site):
    assert place.directory(str(site / "secrets"), given(site, "file")) == str(site / "secrets")


def test_an_inventory_without_a_directory_needs_the_setting(tmp_path):
    with pytest.raises(place.Misplaced, match="Next: set site_secrets_dir: <directory>, or -e site_secrets_dir=<directory>"):
        place.directory("", ["db1,db2,"])
    assert place.directory(str(tmp_path), ["db1,db2,"]) == str(tmp_path)


@pytest.mark.parametrize("name", known.FILES)
@pytest.mark.parametrize("kind", ["directory", "file"])
def test_the_secrets_of_an_old_site_are_told_with_the_command_that_moves_them(site, kind, name):
    old = site / "secrets" / name
    old.parent.mkdir(parents=True)
    old.write_text("abc\n")
    with pytest.raises(place.Misplaced) as problem:
        place.directory("", given(site, kind))
    command = str(problem.value).rsplit("Next: ", maxsplit=1)[1]
    subprocess.run(["sh", "-c", command], check=True)
    assert place.directory("", given(site, kind)) == str(site / ".secrets")
    assert (site / ".secrets" / name).read_text() == "abc\n"


def test_the_command_works_beside_an_empty_directory_too(site):
    (site / "secrets").mkdir()
    (site / "secrets/redis_password").write_text("abc\n")
    (site / ".secrets").mkdir()
    with pytest.raises(place.Misplaced) as problem:
        place.directory("", given(site, "directory"))
    subprocess.run(["sh", "-c", str(problem.value).rsplit("Next: ", maxsplit=1)[1]], check=True)
    assert (site / ".secrets/redis_password").read_text() == "abc\n"


def test_two_places_are_for_the_operator_to_compare(site):
    for name in ("secrets", ".secrets"):
        (site / name).mkdir()
        (site / name / "redis_password").write_text(name)
    with pytest.raises(place.Misplaced, match=f"Next: diff -r {shlex.quote(str(site / 'secrets'))}"):
        place.directory("", given(site, "directory"))


def test_a_directory_of_somebody_else_is_nobody_s_secrets(site):
    (site / "secrets").mkdir()
    (site / "secrets/vault.yml").write_text("x: 1\n")
    assert place.directory("", given(site, "directory")) == str(site / ".secrets")


def test_a_host_that_is_named_like_a_secret(tmp_path):
    (tmp_path / "redis_password").write_text("Abc123 salt=xyz\n")
    (tmp_path / "mysql_app_password").write_text("Other456\n")
    (tmp_path / "minio_access_key").write_text("db1\n")
    assert place.hosts_that_are_secrets(["db1", "Abc123"], [str(tmp_path), str(tmp_path / "none")]) == [str(tmp_path / "redis_password")]


def test_a_key_of_the_bucket_is_known_by_its_number():
    assert known.of("minio_secret_key_wandbfiles2").name == "minio_secret_key"
    with pytest.raises(ValueError, match="No secret is named other"):
        known.of("other")


@pytest.mark.parametrize("order", [("empty", "site"), ("site", "empty")])
def test_a_source_without_hosts_is_not_the_site(tmp_path, order):
    for name in order:
        (tmp_path / name).mkdir()
    sources = [str(tmp_path / name) for name in order]
    assert place.with_hosts(sources, {str(tmp_path / "site" / "more")})[0] == str(tmp_path / "site")
    assert place.with_hosts(sources, {str(tmp_path / "site")})[0] == str(tmp_path / "site")
    assert place.with_hosts(sources, set()) == sources
    assert place.with_hosts(sources, {str(tmp_path / "site-2")}) == sources
