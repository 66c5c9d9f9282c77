# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Versions."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import versions


@pytest.mark.parametrize("version", ["1.33.13", "1.32.0", "1.20.1", "1.38.0", "2.0.0", "1.36", "v1.36.4", "latest", "1.36.4.1"])
def test_kubernetes_refused(site, version):
    findings = list(versions.kubernetes(site({"kubernetes_version": version})))
    assert findings and all(item.severity == "problem" and item.remedy for item in findings)


@pytest.mark.parametrize("version", ["1.35.9", "1.36.3", "1.37.1"])
def test_kubernetes_taken(site, version):
    assert not list(versions.kubernetes(site({"kubernetes_version": version})))


def test_kubernetes_past_its_end_is_a_warning(site):
    assert {item.severity for item in versions.kubernetes(site({"kubernetes_version": "1.34.11"}))} == {"warning"}


@pytest.mark.parametrize(
    ("kubernetes", "containerd", "fine"),
    [
        ("1.36.4", "2.3.4", True),
        ("1.36.4", "2.2.0", True),
        ("1.36.4", "2.1.9", False),
        ("1.36.4", "1.7.28", False),
        ("1.35.9", "2.1.5", True),
        ("1.35.9", "2.1.4", False),
        ("1.37.1", "2.2.5", False),
        ("1.37.1", "2.4.1", True),
        ("1.34.11", "1.7.27", False),
        ("1.34.11", "1.7.28", True),
    ],
)
def test_containerd_for_kubernetes(site, kubernetes, containerd, fine):
    assert (not list(versions.containerd(site({"kubernetes_version": kubernetes, "containerd_version": containerd})))) is fine


@pytest.mark.parametrize("version", ["8.0.32", "8.0.44", "8.4.0", "8.4.9", "9.7.0", "9.7.4"])
def test_mysql_taken(version):
    assert versions.series_problem(version) == ""


@pytest.mark.parametrize("version", ["5.7.44", "8.0.31", "8.0", "8", "8.1.0", "8.3.0", "9.0.1", "9.6.0", "10.11.6", "latest"])
def test_mysql_refused(site, version):
    assert [item.host for item in versions.mysql(site({"mysql_version": version}))] == ["db1", "db2"]


@pytest.mark.parametrize(("version", "fine"), [("7.0", True), ("7.2.16", True), ("7", True), ("6.2", False), ("8.0", False), ("latest", False)])
def test_redis(site, version, fine):
    assert (not list(versions.redis(site({"redis_version": version})))) is fine


@pytest.mark.parametrize(("version", "fine"), [("3.21.3", True), ("4.0.1", False), ("2.17.0", False)])
def test_helm(site, version, fine):
    assert (not list(versions.helm(site({"wandb_helm_version": version})))) is fine


CATALOGUE = {"artifacts": {"mysql": {"url": "https://example.com/mysql-{version}.tar.xz", "format": "tar.xz", "versions": {"8.4.9": "a" * 64}}}, "images": {}}


def test_version_without_checksum(site):
    built = site({"mysql_version": "8.4.99"}, catalogue=CATALOGUE, specs={"mysql": {}})
    (finding,) = versions.checksums(built)
    assert finding.variable == "mysql_version" and "8.4.9" in finding.remedy and "artifacts_overrides" in finding.remedy


def test_version_with_checksum(site):
    assert not list(versions.checksums(site(catalogue=CATALOGUE, specs={"mysql": {}})))


def test_without_catalogue_nothing_is_said(site):
    assert not list(versions.checksums(site({"mysql_version": "8.4.99"}, specs={"mysql": {}})))


def test_external_mysql_needs_no_checksum(site):
    groups = {"kube_control_plane": ["cp1"], "kube_node": ["node1"]}
    assert not list(versions.checksums(site({"mysql_version": "8.4.99"}, groups=groups, catalogue=CATALOGUE, specs={"mysql": {}})))


@pytest.mark.parametrize("mirror", ["mirror.example.com:8080", "ftp://mirror", "http://[", "https://me:pw@mirror"])
def test_a_mirror_that_is_none_is_one_finding(site, mirror):
    """FC-70: seven lines spoke of versions without checksum."""
    (finding,) = versions.checksums(site({"artifacts_mirror": mirror}, catalogue=CATALOGUE, specs={"mysql": {}}))
    assert finding.variable == "artifacts_mirror"


@pytest.mark.parametrize(
    "entry",
    [{"url": "ftp://x/y"}, {"url": "http://["}, {"strip_components": "x"}, {"links": ["/usr/bin/x"]}, {"links": {"usr/bin/x": "x"}}],
)
def test_an_override_that_no_host_could_fetch(site, entry):
    catalogue = {"artifacts": {"mysql": {**CATALOGUE["artifacts"]["mysql"], **entry}}, "images": {}}
    (finding,) = versions.checksums(site(catalogue=catalogue, specs={"mysql": {}}))
    assert (finding.host, finding.value) == ("db1", "8.4.9")
