# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of roles minio and minio_backup."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.model import CONTROLLER, Host, PlainVariables, Site
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import roles as preflight
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules import judge, minio, minio_backup
from ansible_collections.onprem.wandb.plugins.plugin_utils._rules.model import Place

SERVERS = ["store1", "store2"]


def place(servers: list[str] | None = None, files: dict[str, bytes] | None = None, installing: bool = False, **given: Any) -> Place:
    variables = PlainVariables({"ansible_host": "192.0.2.7", **given})
    return Place(Host("store1", frozenset(["minio"]), variables), {"minio": ["store1"] if servers is None else servers}, (files or {}).get, installing)


@pytest.mark.parametrize(
    ("servers", "volume", "refused"),
    [
        (["store1"], "/mnt/d", False),
        ([], "/mnt/d", False),
        (SERVERS, "https://store{1...2}.example.com:9000/mnt/d", False),
        (SERVERS, "/mnt/d", True),
        ([*SERVERS, "store3"], "/mnt/disk{1...4}/minio", True),
    ],
)
def test_several_hosts_are_one_store(servers: list[str], volume: str, refused: bool) -> None:
    found = list(minio.one_store(place(servers, minio_volumes=[volume])))
    assert [(one.host, one.variable, one.value) for one in found] == ([("store1", "minio_volumes", volume)] if refused else [])
    assert all("%d hosts" % len(servers) in one.expected and "minio_volumes: [" in one.remedy for one in found)


def test_one_volume_of_several_without_a_host() -> None:
    (found,) = minio.one_store(place(SERVERS, minio_volumes=["https://store{1...2}:9000/mnt/d", "/mnt/e"]))
    assert found.value == "https://store{1...2}:9000/mnt/d, /mnt/e"


def test_the_variables_alone_refuse_no_pair() -> None:
    volumes = ["https://store{1...2}.example.com:9000/mnt/d"]
    assert not list(judge("minio", place(SERVERS, minio_volumes=volumes, minio_host_names=["store1.example.com"], minio_license_file="")))


@pytest.mark.parametrize("volume", ["/var/lib/minio/data", "/mnt/disk{1...4}/minio", "http://store{1...4}:9000/mnt/d{1...2}", "https://192.0.2.{7...8}/mnt/d"])
def test_directories_of_the_host(volume: str) -> None:
    assert not list(minio.directories(place(minio_volumes=[volume])))


@pytest.mark.parametrize("volume", ["data", "/", "/mnt/disk{1...}/x", "/mnt/disk{4...1}", "https://other{1...4}.example.com:9000/mnt/d"])
def test_directories_that_will_not_do(volume: str) -> None:
    (found,) = minio.directories(place(minio_volumes=[volume]))
    assert (found.host, found.variable, found.value) == ("store1", "minio_volumes", volume)


def test_the_licence() -> None:
    path = "/licences/minio"
    assert not list(minio.license_file(place(minio_license_file="")))
    assert not list(minio.license_file(place(files={path: b"x"}, minio_license_file=path)))
    (found,) = minio.license_file(place(minio_license_file=path))
    assert (found.variable, found.value) == ("minio_license_file", path)


# --- the mirror ----------------------------------------------------------------------------------------------------------------

OWN = {"type": "sftp", "host": "keep", "known_hosts_file": "/etc/ssh/ssh_known_hosts"}
S3 = {"type": "s3", "endpoint": "https://s3.example.com:9000"}


def mirror(target: dict[str, str], path: str = "/m", **given: Any) -> list[str]:
    """The variables that are refused."""
    found = judge("minio_backup", place(minio_backup_target=target, minio_backup_target_path=path, minio_backup_host="store1", **given))
    return [one.variable for one in found]


@pytest.mark.parametrize(
    ("target", "keys", "refused"),
    [
        (OWN, "", False),
        ({**OWN, "known_hosts_file": ""}, "", True),
        ({"type": "sftp", "host": "keep"}, "", True),
        ({"type": "sftp", "host": "keep"}, " \n", True),
        ({"type": "sftp", "host": "keep"}, "keep ssh-ed25519 AAAA\n", False),
        ({"type": "local"}, "", False),
    ],
)
def test_sftp_with_nobody_who_knows_the_server(target: dict[str, str], keys: str, refused: bool) -> None:
    assert mirror(target, minio_backup_ssh_known_hosts=keys) == (["minio_backup_ssh_known_hosts"] if refused else [])


def test_the_remedy_asks_the_server() -> None:
    (found,) = minio_backup.known_server(place(minio_backup_target={"type": "sftp", "host": "keep"}, minio_backup_host="store1"))
    assert found.remedy.startswith("ssh-keyscan keep, compare the fingerprint")


@pytest.mark.parametrize(
    ("target", "path", "refused"),
    [
        ({"type": "local"}, "/mnt/mirror", False),
        ({"type": "local"}, "mirror", True),
        ({"type": "local"}, "", True),
        (S3, "wandb-mirror", False),
        (S3, "", True),
        ({}, "", False),
        ({"host": "keep"}, "", False),
    ],
)
def test_where_in_the_second_place(target: dict[str, str], path: str, refused: bool) -> None:
    assert mirror(target, path) == (["minio_backup_target_path"] if refused else [])


@pytest.mark.parametrize(
    ("endpoint", "path", "refused"),
    [
        (S3["endpoint"], "wandb-files", True),
        (S3["endpoint"], "wandb-files/mirror", True),
        (S3["endpoint"], "mirror", False),
        ("https://elsewhere", "wandb-files", False),
        ("", "wandb-files", False),
    ],
)
def test_the_bucket_itself_is_no_second_place(endpoint: str, path: str, refused: bool) -> None:
    own = {"minio_backup_endpoint": S3["endpoint"], "minio_backup_bucket": "wandb-files"}
    assert mirror({"type": "s3", "endpoint": endpoint}, path, **own) == (["minio_backup_target"] if refused else [])


def test_only_the_host_that_mirrors_is_judged() -> None:
    bad = {"minio_backup_target": {"type": "local"}, "minio_backup_target_path": ""}
    assert list(judge("minio_backup", place(minio_backup_host="store1", **bad)))
    assert not list(judge("minio_backup", place(minio_backup_host="store2", **bad)))


@pytest.mark.parametrize(
    ("servers", "installing", "password", "refused"),
    [
        (["store1"], True, "", True),
        (["store1"], True, "secret", False),
        (["store1"], False, None, False),
        ([], True, "", False),
    ],
)
def test_the_administrator_is_known_when_the_role_acts(servers: list[str], installing: bool, password: str | None, refused: bool) -> None:
    given: dict[str, Any] = {"minio_backup_target": S3, "__minio_backup_root_password": password}
    given["__minio_backup_store"] = {"root_password_file": "/secrets/minio_root_password"}
    found = list(minio_backup.administrator(place(servers, installing=installing, **given)))
    assert [one.variable for one in found] == (["minio_root_password"] if refused else [])
    assert all("/secrets/minio_root_password" in one.expected and "secret" not in one.value for one in found)


def test_preflight_asks_a_mirror_outside_the_object_store() -> None:
    given = {"minio_backup_target": {"type": "local"}, "minio_backup_target_path": "m", "minio_backup_host": "keep1"}
    hosts = {name: Host(name, frozenset([group]), PlainVariables(given)) for name, group in (("store1", "minio"), ("keep1", "redis"))}
    site = Site(hosts, Host(CONTROLLER), {"minio": ["store1"], "redis": ["keep1"], "mysql": ["db1"]})
    assert [one.host for one in preflight.roles(site) if one.variable == "minio_backup_target_path"] == ["keep1"]


@pytest.mark.parametrize(("key", "refused"), [("wandb", True), ("wandb-1", False), ("", False)])
def test_a_key_that_is_used_and_retired(key: str, refused: bool) -> None:
    """The module minio_account refuses it, when the server runs."""
    found = list(minio.retired(place(minio_access_key=key, minio_retired_access_keys=["wandb"])))
    assert [one.variable for one in found] == (["minio_retired_access_keys"] if refused else [])
    assert not list(minio.retired(place(minio_retired_access_keys=["wandb"])))
