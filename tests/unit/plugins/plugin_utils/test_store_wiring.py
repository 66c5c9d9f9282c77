# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the object store is, with which key, and who mirrors it: from the inventory alone, and spelled in one place."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils import _store_wiring as wiring

TOP = pathlib.Path(__file__).parents[4]
SITE = {"wandb_fqdn": "wandb.example.com"}
FILES = {"/s/minio_secret_key": "first salt=x\n", "/s/minio_secret_key_wandbfiles3": "third\n"}


def told(hosts=None, servers=("store1", "store2"), asking="localhost", files=None):
    found = {"store1": SITE, "store2": SITE, "localhost": SITE, **(hosts or {})}
    return wiring.wiring(found, list(servers), asking, "/s", {**FILES, **(files or {})}.get)


def test_a_site_that_says_nothing():
    found = told()
    assert (found["own"], found["first"], found["address"]) == (True, "store1", "store1")
    assert (found["fqdn"], found["endpoint"], found["url"]) == ("s3.example.com", "s3.example.com:9000", "https://s3.example.com:9000")
    assert (found["bucket"], found["region"], found["access_key"], found["secret_key"]) == ("wandb-files", "us-east-1", "wandbfiles", "first")
    assert found["secret_key_file"] == "/s/minio_secret_key"


@pytest.mark.parametrize("asking", ["localhost", "db1", "store2"])
def test_the_variables_of_the_first_server_count_for_whoever_asks(asking):
    own = {**SITE, "minio_port": 443, "minio_bucket": "b", "minio_region": "eu", "minio_fqdn": "files.example.com", "minio_access_key": "k",
           "minio_secret_key": "s", "host_address": "192.0.2.1", "minio_root_user": "r"}  # fmt: skip
    found = told({"store1": own, "db1": SITE}, asking=asking)
    assert (found["endpoint"], found["bucket"], found["region"], found["address"]) == ("files.example.com:443", "b", "eu", "192.0.2.1")
    assert (found["access_key"], found["secret_key"], found["root_user"]) == ("k", "s", "r")


def test_the_key_of_a_rotation():
    found = told(files={"/s/minio_access_key": "wandbfiles3\n", "/s/minio_access_key_previous": "wandbfiles2"})
    assert (found["access_key"], found["secret_key"], found["previous_key"], found["next_key"]) == ("wandbfiles3", "third", "wandbfiles2", "wandbfiles4")
    assert found["previous_secret_key_file"] == "/s/minio_secret_key_wandbfiles2"
    assert told()["next_key"] == "wandbfiles2" and told()["next_secret_key_file"] == "/s/minio_secret_key_wandbfiles2"


@pytest.mark.parametrize(("key", "following"), [("wandbfiles", "wandbfiles2"), ("wandbfiles9", "wandbfiles10"), ("", "2"), ("a1b", "a1b2")])
def test_the_next_key(key, following):
    assert wiring.next_key(key) == following


def test_without_a_group_the_asking_host_counts():
    found = told(servers=(), asking="alone", hosts={"alone": {**SITE, "minio_port": 1}})
    assert (found["own"], found["first"], found["port"], found["fqdn"]) == (False, "alone", 1, "s3.example.com")
    assert told(servers=(), asking="nowhere")["fqdn"] == ""


def test_a_play_may_say_what_the_inventory_does_not():
    assert wiring.wiring({}, ["store1"], "localhost", "", FILES.get, "wandb.play.test")["fqdn"] == "s3.play.test"
    assert wiring.wiring({"store1": SITE}, ["store1"], "localhost", "", FILES.get, "wandb.play.test")["fqdn"] == "s3.example.com"


LOCAL = {"minio_backup_target": {"type": "local"}}


@pytest.mark.parametrize(
    ("hosts", "servers", "mirror", "words"),
    [
        ({}, ["store1"], "", ""),
        ({"store1": LOCAL, "store2": LOCAL}, ["store1", "store2"], "store1", ""),
        ({"store1": {**LOCAL, "minio_backup_host": "store2"}, "store2": {**LOCAL, "minio_backup_host": "store2"}}, ["store1", "store2"], "store2", ""),
        ({"store1": {**LOCAL, "minio_backup_host": "keep"}, "keep": LOCAL}, ["store1"], "keep", ""),
        ({"store1": {**LOCAL, "minio_backup_host": "stor1"}}, ["store1"], "", "is stor1, which is no host of the inventory"),
        ({"store1": {**LOCAL, "minio_backup_host": "keep"}, "keep": {}}, ["store1"], "", "not set for keep, only for store1"),
        ({"store1": {**LOCAL, "minio_backup_host": "a"}, "store2": {**LOCAL, "minio_backup_host": "b"}}, ["store1", "store2"], "", "is a, b"),
        ({"localhost": LOCAL}, [], "", "the group minio has no host"),
        ({"localhost": {**LOCAL, "minio_backup_host": "keep"}, "keep": LOCAL}, [], "keep", ""),
        ({"store1": {"minio_backup_target": {}}}, ["store1"], "", ""),
    ],
)
def test_the_host_that_mirrors(hosts, servers, mirror, words):
    found = told(hosts, servers)
    assert found["mirror_host"] == mirror
    assert words in found["mirror_problem"] and bool(words) == bool(found["mirror_problem"])
    assert not words or "Next: ansible-inventory" in found["mirror_problem"]


SECOND = {
    "the name s3 in W&B's domain": re.compile(r"""['"]s3\.['"]\s*[~+](?!\s*\w+_region)"""),
    "the first key": re.compile(r"""['"]wandbfiles['"]"""),
    "the file of the current key": re.compile(r"/minio_access_key|minio_access_key_previous|['\"]minio_access_key['\"]$"),
    "the file of its secret": re.compile(r"/minio_secret_key"),
    "the administrator's name": re.compile(r"""default\(['"]wandbroot"""),
    "the bucket's name": re.compile(r"""default\(['"]wandb-files"""),
    "the port": re.compile(r"minio_port'?\]? \| default"),
}
CODE = [path for folder in ("roles", "playbooks", "plugins") for kind in ("yml", "j2", "py") for path in sorted((TOP / folder).rglob(f"*.{kind}"))]


@pytest.mark.parametrize("what", SECOND)
def test_nothing_is_spelled_a_second_time(what):
    places = [path for path in CODE if path.name not in ("_store_wiring.py", "argument_specs.yml") and SECOND[what].search(path.read_text(encoding="utf-8"))]
    assert [str(path.relative_to(TOP)) for path in places] == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("the name s3 in W&B's domain", "{{ 's3.' ~ wandb_fqdn.split('.', 1)[1] }}"),
        ("the first key", "else 'wandbfiles'"),
        ("the file of the current key", 'secrets_dir }}/minio_access_key"'),
        ("the file of its secret", "dir ~ '/minio_secret_key'"),
        ("the administrator's name", "minio_root_user | default('wandbroot')"),
        ("the bucket's name", "minio_bucket | default('wandb-files')"),
        ("the port", "minio_port | default(9000)"),
    ],
)
def test_a_second_spelling_would_be_found(what, line):
    assert SECOND[what].search(line)
