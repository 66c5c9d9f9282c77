# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue itself, and how entries are found in it."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._artifact import plan
from ansible_collections.onprem.wandb.plugins.plugin_utils import _catalogue
from ansible_collections.onprem.wandb.plugins.plugin_utils._catalogue import CatalogueError, merge, resolve, rewrite_url

SHIPPED = _catalogue.load()
SHA, OTHER = "a" * 64, "b" * 64
SMALL: dict[str, t.Any] = {
    "artifacts": {
        "tool": {
            "url": "https://example.com/v{version}/tool-{minor}-{digits}.tgz",
            "format": "tar.gz",
            "strip_components": 1,
            "links": {"/usr/local/bin/tool": "tool"},
            "versions": {"1.2.3": SHA},
        },
        "none": {"url": "https://example.com/none", "format": "binary", "versions": {}},
    },
    "images": {"app": "docker.io/library/app:v{version}"},
}


# --- what is shipped


@pytest.mark.parametrize("name", sorted(SHIPPED["artifacts"]))
def test_shipped_artifact(name: str) -> None:
    """Every version resolves to something the module accepts."""
    entry = SHIPPED["artifacts"][name]
    assert entry["versions"], "an artifact without a version cannot be a default"
    found = [resolve(SHIPPED, name, version) for version in entry["versions"]]
    for one in found:
        assert plan.parse([one], "/opt/onprem-wandb")
        assert urlsplit(one["url"]).scheme == "https"
        assert "{" not in one["url"]
        assert re.sub(r"\D", "", one["version"]) in re.sub(r"\D", "", one["url"]), "the version is in the address"
    assert len({one["sha256"] for one in found}) == len(found), "two versions with one checksum: one of them is wrong"
    assert len({one["url"] for one in found}) == len(found)


def test_no_checksum_is_used_twice() -> None:
    seen: dict[str, str] = {}
    for name, entry in SHIPPED["artifacts"].items():
        for version in entry["versions"]:
            sha256 = resolve(SHIPPED, name, version)["sha256"]
            assert seen.setdefault(sha256, f"{name} {version}") == f"{name} {version}"


def test_shipped_links_are_made_by_one_artifact_only() -> None:
    links = [path for entry in SHIPPED["artifacts"].values() for path in entry.get("links") or {}]
    assert len(links) == len(set(links))


def test_versions_are_newest_first() -> None:
    for name, entry in SHIPPED["artifacts"].items():
        keys = [[int(number) for number in re.findall(r"\d+", version)] for version in entry["versions"]]
        assert keys == sorted(keys, reverse=True), name


@pytest.mark.parametrize("names", [("kubeadm", "kubelet", "kubectl")])
def test_kubernetes_programs_come_in_the_same_versions(names: tuple[str, ...]) -> None:
    versions = [_catalogue.known_versions(SHIPPED, name) for name in names]
    assert versions[0] == versions[1] == versions[2]
    assert {version.rsplit(".", 1)[0] for version in versions[0]} == {"1.34", "1.35", "1.36"}


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("kubeadm", "1.36.4"),
        ("containerd", "2.3.4"),
        ("runc", "1.4.3"),
        ("cni-plugins", "1.9.1"),
        ("helm", "3.18.4"),
        ("helm-diff", "3.15.10"),
        ("minio", "RELEASE.2026-09-16T00-00-00Z"),
        ("mysql", "8.4.11"),
        ("mysql", "8.0.46"),
        ("mysql", "9.7.2"),
    ],
)
def test_what_the_issue_names_is_there(name: str, version: str) -> None:
    assert resolve(SHIPPED, name, version)


def test_addresses_that_are_not_simple() -> None:
    silo = resolve(SHIPPED, "minio", "RELEASE.2026-09-16T00-00-00Z")["url"]
    assert silo == "https://github.com/pgsty/silo/releases/download/RELEASE.2026-09-16T00-00-00Z/silo_20260916000000.0.0_linux_amd64.tar.gz"
    mysql = resolve(SHIPPED, "mysql", "8.0.46")["url"]
    assert mysql == "https://dev.mysql.com/get/Downloads/MySQL-8.0/mysql-8.0.46-linux-glibc2.28-x86_64.tar.xz"


@pytest.mark.parametrize("name", sorted(SHIPPED["images"]))
def test_shipped_image(name: str) -> None:
    assert re.fullmatch(r"(registry\.k8s\.io|docker\.io|ghcr\.io|quay\.io)/[a-z0-9./-]+:v?1\.2\.3", _catalogue.resolve_image(SHIPPED, name, "1.2.3"))


# --- finding


def test_resolve() -> None:
    assert resolve(SMALL, "tool", "1.2.3") == {
        "name": "tool",
        "version": "1.2.3",
        "url": "https://example.com/v1.2.3/tool-1.2-123.tgz",
        "sha256": SHA,
        "format": "tar.gz",
        "strip_components": 1,
        "links": {"/usr/local/bin/tool": "tool"},
    }


@pytest.mark.parametrize(
    ("name", "version", "parts"),
    [
        ("unknown", "1", ["Artifact 'unknown' is not in the catalogue", "Known artifacts: none, tool", "artifacts_overrides"]),
        ("tool", "9", ["Artifact tool has no checksum for version 9", "Known versions: 1.2.3.", 'artifacts_overrides: {tool: {versions: {"9": <sha256>}}}']),
        ("tool", "v1.2.3", ["without the leading v: 1.2.3"]),
        ("none", "1", ["has no checksum for any version"]),
        ("tool", 1.2, ["must be a string, but it is the number 1.2: put it in quotes"]),
        ("tool", True, ["must be a string, but it is the boolean True"]),
        ("tool", "../1", ["must be a version such as 1.2.3, but it is '../1'"]),
        ("tool", "", ["must be a version such as 1.2.3, but it is ''"]),
    ],
)
def test_not_found(name: str, version: t.Any, parts: list[str]) -> None:
    with pytest.raises(CatalogueError) as caught:
        resolve(SMALL, name, version)
    for part in parts:
        assert part in str(caught.value)


def test_overrides_add_versions_and_replace_the_rest() -> None:
    merged = merge(SMALL, {"tool": {"versions": {"2.0": OTHER}, "links": {"/usr/bin/t": "t"}}, "new": {"url": "https://x.org/new", "versions": {"1": SHA}}})
    assert _catalogue.known_versions(merged, "tool") == ["1.2.3", "2.0"]
    assert resolve(merged, "tool", "2.0")["sha256"] == OTHER
    assert resolve(merged, "tool", "1.2.3")["links"] == {"/usr/bin/t": "t"}
    assert resolve(merged, "new", "1")["format"] == "binary"
    assert resolve(SMALL, "tool", "1.2.3")["links"] == {"/usr/local/bin/tool": "tool"}, "the catalogue itself stays"


def test_a_version_can_have_its_own_everything() -> None:
    merged = merge(SMALL, {"tool": {"versions": {"2.0": {"sha256": OTHER.upper(), "url": "https://x.org/{version}.zip", "format": "zip", "links": {}}}}})
    found = resolve(merged, "tool", "2.0")
    assert (found["url"], found["format"], found["links"], found["sha256"], found["strip_components"]) == ("https://x.org/2.0.zip", "zip", {}, OTHER, 1)


def test_overrides_in_the_shape_of_the_catalogue() -> None:
    merged = merge(SMALL, {"artifacts": {"tool": {"versions": {"2.0": OTHER}}}, "images": {"app": "reg.example.com/app:{version}"}})
    assert resolve(merged, "tool", "2.0")
    assert _catalogue.resolve_image(merged, "app", "1.0") == "reg.example.com/app:1.0"


@pytest.mark.parametrize("empty", [None, "", {}])
def test_no_overrides(empty: t.Any) -> None:
    assert merge(SMALL, empty) == SMALL


@pytest.mark.parametrize(
    ("overrides", "why"),
    [
        (["tool"], "artifacts_overrides must be a mapping of artifact name to entry, but it is a list"),
        ({"tool": SHA}, "artifacts_overrides.tool must be a mapping with format, links"),
        ({"tool": {"version": "2.0"}}, "artifacts_overrides.tool has unknown keys: version. Known keys:"),
        ({"tool": {"versions": [SHA]}}, "artifacts_overrides.tool.versions must be a mapping of version to sha256, but it is a list"),
        ({"tool": {"versions": {"2.0": {"sha512": SHA}}}}, "Version 2.0 of artifact tool has unknown keys: sha512"),
        ({"tool": {"versions": {"2.0": "abc"}}}, "The sha256 of artifact tool 2.0 must be 64 hexadecimal digits, but it is 'abc'"),
        ({"tool": {"versions": {"2.0": None}}}, "but it is 'empty'"),
        ({"tool": {"format": "rar", "versions": {"2.0": SHA}}}, "The format of artifact tool 2.0 must be one of tar, tar.gz"),
        ({"tool": {"url": "", "versions": {"2.0": SHA}}}, "Artifact tool 2.0 has no url"),
        ({"images": ["x"]}, "artifacts_overrides.images must be a mapping"),
        ({"images": {"app": 1}}, "artifacts_overrides.images.app must be an image name"),
    ],
)
def test_bad_overrides(overrides: t.Any, why: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(why)):
        resolve(merge(SMALL, overrides), "tool", "2.0")


@pytest.mark.parametrize(
    ("url", "mirror", "expected"),
    [
        ("https://dl.k8s.io/a/b", "", "https://dl.k8s.io/a/b"),
        ("https://dl.k8s.io/a/b", "http://m:8080", "http://m:8080/files/dl.k8s.io/a/b"),
        ("https://dl.k8s.io/a/b", "http://m:8080/base/", "http://m:8080/base/files/dl.k8s.io/a/b"),
        ("http://x.org:81/a?b=c", "https://m", "https://m/files/x.org:81/a?b=c"),
        ("http://m:8080/files/lab/x", "http://m:8080", "http://m:8080/files/lab/x"),
        ("http://m:80801/x", "http://m:8080", "http://m:8080/files/m:80801/x"),
        ("/files/lab/x", "http://m:8080", "http://m:8080/files/lab/x"),
        ("files/lab/x", "http://m:8080/", "http://m:8080/files/lab/x"),
        ("file:///srv/x", "http://m:8080", "file:///srv/x"),
    ],
)
def test_mirror(url: str, mirror: str, expected: str) -> None:
    assert rewrite_url(url, mirror) == expected


@pytest.mark.parametrize(
    ("url", "mirror", "why"),
    [
        ("/files/x", "", "relative to artifacts_mirror, but artifacts_mirror is empty"),
        ("ftp://x.org/a", "", "expected http://"),
        ("https://u:secret@x.org/a", "", "user name or password"),
        ("https://x.org/a", "ftp://m", "artifacts_mirror must be an http:// or https:// address"),
        ("https://x.org/a", "mirror.example.com", "but it is 'mirror.example.com'"),
        ("https://x.org/a", "http://", "artifacts_mirror must be"),
        ("https://x.org/a", True, "but it is True"),
        ("https://x.org/a", "http://u:secret@m", "artifacts_mirror contains a user name or password"),
    ],
)
def test_bad_addresses(url: str, mirror: t.Any, why: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(why)) as caught:
        rewrite_url(url, mirror)
    assert "secret" not in str(caught.value)


def test_unknown_image() -> None:
    with pytest.raises(CatalogueError, match=r"Image 'web' is not in the catalogue. Known images: app\. .*artifacts_overrides\.images"):
        _catalogue.resolve_image(SMALL, "web", "1")
