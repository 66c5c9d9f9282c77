# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives that data may not live on."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host import drives

MOUNTINFO = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
23 22 0:5 / /dev rw - devtmpfs udev rw
30 22 8:17 / /mnt/disk1 rw,relatime shared:1 - xfs /dev/sdb1 rw
31 22 8:33 / /mnt/disk2 rw,relatime - ext4 /dev/sdc1 rw
32 22 8:49 / /mnt/with\\040space rw - xfs /dev/sdd1 rw
"""


def drive(path):
    table = drives.mounts(MOUNTINFO)
    mount = drives.mount_of(path, table)
    return {"path": path, **mount, "root_disk": mount["number"] == drives.mount_of("/", table)["number"]}


@pytest.mark.parametrize(
    ("path", "device"),
    [
        ("/mnt/disk1/minio/not/yet/there", "/dev/sdb1"),
        ("/mnt/disk1", "/dev/sdb1"),
        ("/mnt/disk10/minio", "/dev/sda1"),
        ("/mnt/with space/minio", "/dev/sdd1"),
        ("/var/lib/minio", "/dev/sda1"),
    ],
)
def test_the_drive_of_a_path(path, device):
    assert drive(path)["device"] == device


def test_a_good_drive():
    assert drives.faults([drive("/mnt/disk1/minio")], False, ["xfs"]) == []


@pytest.mark.parametrize(
    ("paths", "sentence"),
    [
        (["/var/lib/minio"], "the root file system"),
        (["/mnt/disk10/minio"], "the root file system"),
        (["/mnt/disk2/minio"], "expected xfs"),
        (["/mnt/disk1/a", "/mnt/disk1/b"], "are on the same file system"),
    ],
)
def test_each_bad_drive_is_one_sentence(paths, sentence):
    found = drives.faults([drive(path) for path in paths], False, ["xfs"])
    assert len(found) == 1
    assert sentence in found[0].sentence()


def test_everything_can_be_allowed():
    assert drives.faults([drive(path) for path in ("/var/a", "/var/b")], True, []) == []


def test_the_drives_of_this_machine():
    (found,) = drives.look(["/proc/nothing"])
    assert (found["file_system"], found["mount_point"], found["root_disk"]) == ("proc", "/proc", False)
