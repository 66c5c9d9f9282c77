# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The bucket: what cannot work is one finding, and a healthy site has none."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import object_store

EXTERNAL = {"kube_control_plane": ["cp1"], "mysql": ["db1", "db2"], "redis": ["store1"]}
SET = {**EXTERNAL, "minio": ["store1", "store2", "store3"]}


def judged(site):
    return [(finding.host, finding.variable, finding.expected) for rule in object_store.RULES for finding in rule(site)]


def test_a_healthy_site(site):
    assert judged(site()) == []
    assert judged(site(groups=EXTERNAL)) == []
    assert judged(site({"minio_region": "eu-west-1", "minio_bucket": "models", "minio_cors_origins": ["https://wandb.example.com"]})) == []


@pytest.mark.parametrize(
    ("variable", "value", "groups", "host", "words"),
    [
        ("minio_fqdn", "wandb.example.com", None, "store1", "such as s3.example.com"),
        ("minio_fqdn", "WandB.example.com", None, "store1", "another name"),
        ("minio_cors_origins", ["https://wandb.example.com/"], None, "store1", "expected https://wandb.example.com,"),
    ],
)
def test_one_finding_each(site, variable, value, groups, host, words):
    ((where, name, expected),) = judged(site({variable: value}, **({"groups": groups} if groups else {})))
    assert (where, name) == (host, variable) and words in expected


def test_servers_that_disagree(site):
    assert judged(site(groups=SET, hosts={"store2": {"minio_port": 9443}})) == [("site", "minio_port", "one value for all hosts of group minio")]
    assert judged(site({"minio_port": 9443}, groups=SET)) == []


LOCAL = {"minio_backup_target": {"type": "local"}}


@pytest.mark.parametrize(
    ("supplied", "hosts", "bad"),
    [
        (LOCAL, {}, False),
        ({**LOCAL, "minio_backup_host": "node1"}, {}, False),
        ({**LOCAL, "minio_backup_host": "stor1"}, {}, True),
        ({}, {"store1": LOCAL}, False),
        ({}, {"store1": {**LOCAL, "minio_backup_host": "node1"}}, True),
    ],
)
def test_the_host_that_mirrors(site, supplied, hosts, bad):
    found = judged(site(supplied, hosts=hosts))
    assert [variable for _host, variable, _expected in found] == (["minio_backup_host"] if bad else [])


ROOT = {"path": "/var/lib/minio/data", "mount_point": "/", "device": "/dev/sda1", "file_system": "ext4", "root_disk": True}
EXT4 = {**ROOT, "mount_point": "/var/lib/minio", "device": "/dev/sdb1", "root_disk": False}
XFS = {**EXT4, "file_system": "xfs"}
KINDS = {"minio_file_systems": ["xfs"]}


@pytest.mark.parametrize(("drive", "said"), [(ROOT, "the root file system"), (EXT4, "(ext4, mounted at /var/lib/minio)"), (XFS, "")])
def test_the_drive_of_the_bucket(site, drive, said):
    """FC-02: role minio was the first to look, when three layers had changed."""
    found = list(object_store.drives(site(KINDS, measured={"store1": {"drives": [drive]}})))
    assert [(item.host, item.variable) for item in found] == ([("store1", "minio_volumes")] if said else [])
    assert all(said in item.value and "xfs" in item.expected for item in found)


def test_a_test_may_have_its_bucket_anywhere(site):
    assert not list(object_store.drives(site({**KINDS, "minio_allow_root_disk": True}, measured={"store1": {"drives": [ROOT]}})))


def test_two_directories_on_one_drive(site):
    (found,) = object_store.drives(site(KINDS, measured={"store1": {"drives": [XFS, {**XFS, "path": "/var/lib/minio/other"}]}}))
    assert found.expected == "a drive for each"
