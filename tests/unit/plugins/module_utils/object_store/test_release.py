# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release may follow which, and what servers of one set may differ in."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import release

OLD, NEW = "RELEASE.2026-08-01T00-00-00Z", "RELEASE.2026-09-16T00-00-00Z"
LAB = "0.0.0-20260212201848-7aac2a2c5b7c"


@pytest.mark.parametrize(("version", "moment"), [(NEW, "20260916000000"), (LAB, "20260212201848"), ("latest", "")])
def test_the_time_in_a_version(version, moment):
    assert release.moment(version) == moment


@pytest.mark.parametrize(
    ("current", "product", "version", "words"),
    [
        (None, "minio", NEW, ""),
        (("minio", NEW), "minio", NEW, ""),
        (("minio", OLD), "minio", NEW, ""),
        (("minio", LAB), "minio", NEW, ""),
        (("minio", OLD), "aistor", NEW, ""),
        (("minio", "latest"), "minio", "latest", ""),
        (("minio", NEW), "minio", OLD, "older than it"),
        (("minio", NEW), "aistor", OLD, "older than it"),
        (("minio", NEW), "minio", "latest", "cannot be compared"),
        (("minio", "latest"), "minio", NEW, "cannot be compared"),
    ],
)
def test_which_may_follow(current, product, version, words):
    found = release.refusal(current, product, version)
    assert bool(found) == bool(words)
    assert words in found
    assert not found or "minio_allow_downgrade" in found


def test_what_is_installed(tmp_path):
    program = tmp_path / "opt/minio" / NEW / "silo"
    program.parent.mkdir(parents=True)
    program.write_text("")
    (tmp_path / "opt/minio/current").symlink_to(NEW)
    (tmp_path / "minio").symlink_to(tmp_path / "opt/minio/current/silo")
    (tmp_path / "by-hand").write_text("")
    assert release.installed(str(tmp_path / "minio"), str(tmp_path / "opt")) == ("minio", NEW)
    assert release.installed(str(tmp_path / "by-hand"), str(tmp_path / "opt")) is None
    assert release.installed(str(tmp_path / "none"), str(tmp_path / "opt")) is None


def test_settings_of_a_process_and_of_a_file():
    assert release.settings('# x\nMINIO_A="1 2"\nPATH=/bin\nMINIO_B=\n') == {"MINIO_A": "1 2", "MINIO_B": ""}


def test_what_servers_may_not_differ_in(tmp_path):
    program = tmp_path / "minio"
    program.write_text("")
    same = {"MINIO_A": "1", "MINIO_ROOT_PASSWORD": "secret"}
    assert release.together(str(program), str(program), same, dict(same)) == []
    other = release.together(str(program), str(program), same, {"MINIO_A": "2", "MINIO_ROOT_PASSWORD": "other"})
    assert other == ["other values of MINIO_A, MINIO_ROOT_PASSWORD"]
    assert "secret" not in str(other)
    assert release.together("/opt/old (deleted)", str(program), same, same) == [f"{program} is another file than the running one"]
