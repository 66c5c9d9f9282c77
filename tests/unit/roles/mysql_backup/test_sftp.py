# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How restic is led over SSH, without a host."""

from __future__ import annotations

import pathlib
import shlex
import typing as t

import pytest
from mysql_backup import failures, sftp


@pytest.mark.parametrize(
    ("repository", "found"),
    [
        ("sftp:keep@store:/srv/mysql", ("keep", "store", "")),
        ("sftp:store:mysql", ("", "store", "")),
        ("sftp://keep@store:2222//srv/mysql", ("keep", "store", "2222")),
        ("sftp://keep@[fd00::1]:2222//srv/mysql", ("keep", "fd00::1", "2222")),
        ("sftp:keep@[fd00::1]:/srv/mysql", ("keep", "fd00::1", "")),
        ("s3:https://store:9000/mysql", None),
        ("rest:https://store:8000/mysql", None),
        ("/mnt/backup", None),
    ],
)
def test_where(repository: str, found: t.Optional[tuple[str, str, str]]) -> None:
    assert sftp.place(repository) == found


def test_nothing_is_asked_and_nothing_waits_for_ever(tmp_path: pathlib.Path) -> None:
    (tmp_path / sftp.KEY).write_text("")
    flag, option = sftp.options("sftp://keep@store:2222//srv", str(tmp_path), [])
    words = shlex.split(option.split("=", 1)[1])
    assert flag == "-o" and option.startswith("sftp.command=")
    assert {"BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=10", "StrictHostKeyChecking=yes"} <= set(words)
    assert words[-7:] == ["-p", "2222", "-l", "keep", "store", "-s", "sftp"]
    assert "-i" not in words  # the site gave none: root's own


def test_the_key_and_the_host_that_the_site_gave(tmp_path: pathlib.Path) -> None:
    for name in (sftp.KEY, sftp.HOSTS):
        (tmp_path / name).write_text("x\n")
    option = sftp.options("sftp:keep@store:/srv", str(tmp_path), [])[1]
    assert f"-i {tmp_path}/{sftp.KEY}" in option and f"UserKnownHostsFile={tmp_path}/{sftp.HOSTS}" in option


@pytest.mark.parametrize("own", ["sftp.command=ssh store -s sftp", "sftp.args=-i /root/.ssh/backup"])
def test_what_an_operator_says_about_ssh_counts_more(tmp_path: pathlib.Path, own: str) -> None:
    assert sftp.options("sftp:store:/srv", str(tmp_path), ["-o", own]) == []
    assert sftp.options("sftp:store:/srv", str(tmp_path), ["-o", "sftp.connections=2"]) != []


def test_without_ssh_there_is_no_option(tmp_path: pathlib.Path) -> None:
    assert sftp.options("s3:https://store/b", str(tmp_path), []) == []


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("subprocess ssh: Host key verification failed.\nFatal: unable to start the sftp session, error: unexpected EOF", "host key"),
        ("subprocess ssh: keep@store: Permission denied (publickey).\nFatal: unable to start the sftp session, error: unexpected EOF", "denied"),
        ("subprocess ssh: ssh: connect to host store port 22: Connection timed out\nFatal: unable to start the sftp session: unexpected EOF", "unreachable"),
        ('Save(<lock/c1109b119e>) returned error, retrying after 552ms: Write: sftp: "Failure" (SSH_FX_FAILURE)', "not written"),
    ],
)
def test_what_ssh_says_becomes_a_sentence(said: str, kind: str) -> None:
    text = failures.sentence(said, "sftp:store:/srv", "/etc/e")
    assert failures.kind(said) == kind and "Next:" in text and ("ssh: " in text or "SSH_FX" in text)
