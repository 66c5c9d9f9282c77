# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror of the bucket: what its role refuses, and what its program does before it starts."""

from __future__ import annotations

import importlib.util
import pathlib
import typing as t

import pytest

from .role_value import ROLES, value

SPEC = importlib.util.spec_from_file_location("minio_backup", ROLES / "minio_backup/files/minio_backup.py")
assert SPEC and SPEC.loader
program = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(program)

SITE = {"groups": {"all": ["store1"], "minio": []}, "hostvars": {"store1": {}, "": {}}, "minio_backup_host": "store1", "minio_backup_target_path": "m"}
OLDEST = value("minio_backup", "__minio_backup_rclone_oldest")
OLD = ["rclone v1.53.3-DEV\n- os/arch: linux/amd64\n- go version: go1.17.6\n", "rclone v1.58.1\n"]
GOOD = ["rclone v1.60.1-DEV\n- os/version: debian 12.11 (64 bit)\n- os/kernel: 6.1.0-18-amd64 (x86_64)\n", "rclone v1.59.0\n", "rclone v1.100.0\n"]


def rclone(directory: pathlib.Path, says: str, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    """A mirror with an rclone that says a version, and nothing else."""
    path = directory / "rclone"
    path.write_text(f"#!/bin/sh\nfor word; do [ $word = version ] && exec cat <<'END'\n{says}END\ndone\necho asked for more >&2\nexit 9\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    config = {
        **{"source": "s:b", "target": "t:m", "state": str(directory), "transfers": 1, "bandwidth": "", "roots": "/", "max_age_hours": 1},
        "rclone_oldest": OLDEST,
    }
    return program.Backup(config, directory / "rclone.conf")


@pytest.mark.parametrize("says", [*OLD, "rclone\n"])
def test_the_program_refuses_an_rclone_that_does_not_ask_who_the_server_is(says: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(program.Failed, match=r"rclone is .*expected 1\.59 or newer.*Next: "):
        rclone(tmp_path, says, monkeypatch).suitable()


@pytest.mark.parametrize("says", GOOD)
def test_the_program_takes_newer_ones(says: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rclone(tmp_path, says, monkeypatch).suitable()


@pytest.mark.parametrize("verb", ["run", "restore"])
def test_nothing_starts_before_the_version_is_known(
    verb: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = rclone(tmp_path, OLD[0], monkeypatch)
    (tmp_path / "config.json").write_text(program.json.dumps(backup.config))
    monkeypatch.setattr(program, "ETC", tmp_path)
    monkeypatch.setattr(program.sys, "argv", ["minio-backup", verb])
    assert program.main() == 1
    assert "rclone is 1.53.3; expected 1.59" in capsys.readouterr().err
    assert ("1.53.3" in backup.told().get("problem", "")) == (verb == "run")


@pytest.mark.parametrize("says", [*OLD, ""])
def test_the_role_refuses_it_with_one_sentence(says: str) -> None:
    told = value("minio_backup", "__minio_backup_rclone_problem", __minio_backup_rclone={"stdout": says, "rc": 0 if says else 2})
    seen = says.split()[1].lstrip("v").removesuffix("-DEV") if says else "not there"
    assert told.startswith(f"store1: rclone is {seen}; expected 1.59 or newer") and "Next: " in told and "minio_backup_packages" in told


@pytest.mark.parametrize("says", GOOD)
def test_the_role_takes_newer_ones(says: str) -> None:
    assert value("minio_backup", "__minio_backup_rclone_problem", __minio_backup_rclone={"stdout": says, "rc": 0}) == ""


OWN = {"type": "sftp", "host": "keep", "known_hosts_file": "/etc/ssh/ssh_known_hosts"}


@pytest.mark.parametrize(
    ("target", "keys", "refused"),
    [
        (OWN, "", False),
        ({**OWN, "known_hosts_file": ""}, "", True),
        ({"type": "sftp", "host": "keep"}, "", True),
        ({"type": "sftp", "host": "keep"}, "keep ssh-ed25519 AAAA\n", False),
        ({"type": "local"}, "", False),
    ],
)
def test_sftp_with_nobody_who_knows_the_server(target: dict[str, str], keys: str, refused: bool) -> None:
    problems = value("minio_backup", "__minio_backup_problems", minio_backup_target=target, minio_backup_ssh_known_hosts=keys, **SITE)
    assert ["ssh-keyscan keep" in problem for problem in problems] == ([True] if refused else [])


def test_the_targets_own_file_is_the_one_that_counts() -> None:
    found = value("minio_backup", "[__minio_backup_target, __minio_backup_ssh_files]", minio_backup_target=OWN, **SITE)
    assert found[0]["known_hosts_file"] == OWN["known_hosts_file"]
    assert [entry["state"] for entry in found[1]] == ["absent", "absent"]
