# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions about files."""

from __future__ import annotations

import os

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host import files


def entry(path, state="file", **more):
    return {"path": str(path), "state": state, "content": None, "secret_content": None, "mode": None, **more}


def test_decisions_for_files(tmp_path):
    path = tmp_path / "a"
    wanted = entry(path, content="x")
    assert files.decide(wanted) == "create"
    path.write_text("y")
    assert files.decide(wanted) == "replace"
    path.write_text("x")
    assert files.decide(wanted) == "keep"
    assert files.decide(entry(path, secret_content="x")) == "keep"


def test_decisions_for_directories_and_absent(tmp_path):
    assert files.decide(entry(tmp_path, "directory")) == "keep"
    assert files.decide(entry(tmp_path / "d", "directory")) == "create"
    assert files.decide(entry(tmp_path / "d", "absent")) == "keep"
    (tmp_path / "f").touch()
    assert files.decide(entry(tmp_path / "f", "absent")) == "remove"
    assert files.decide(entry(tmp_path / "f" / "below", content="x")) == "create"


@pytest.mark.parametrize(
    ("state", "make", "sentence"),
    [
        ("file", lambda p: p.mkdir(), "is no regular file"),
        ("directory", lambda p: p.touch(), "is no directory"),
        ("absent", lambda p: p.mkdir(), "removes only files"),
        ("file", lambda p: p.symlink_to("/nowhere/at/all"), "points to nothing"),
    ],
)
def test_what_stands_in_the_way_is_named(tmp_path, state, make, sentence):
    path = tmp_path / "x"
    make(path)
    with pytest.raises(ValueError, match=sentence):
        files.decide(entry(path, state, content="x" if state == "file" else None))


def test_links_to_files_are_followed(tmp_path):
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert files.decide(entry(tmp_path / "link", content="x")) == "keep"


def test_a_secret_is_never_in_a_diff(tmp_path):
    path = tmp_path / "s"
    wanted = entry(path, secret_content="after-xyzzy")
    for old in (None, "before-xyzzy"):
        if old:
            path.write_text(old)
        change = files.diff(wanted, files.decide(wanted))
        assert change["before"] != change["after"]
        assert "xyzzy" not in str(change)


def test_what_is_removed_is_not_in_a_diff(tmp_path):
    path = tmp_path / "kubeconfig"
    path.write_text("client-key-data: xyzzy\n")
    wanted = entry(path, "absent")
    change = files.diff(wanted, files.decide(wanted))
    assert (change["before"], change["after"]) == ("there\n", "absent\n")
    (tmp_path / "link").symlink_to(path)
    assert "xyzzy" not in str(files.diff(entry(tmp_path / "link", "absent"), "remove"))


def test_a_private_key_is_not_shown_where_public_content_is_meant(tmp_path):
    path = tmp_path / "ca.crt"
    path.write_text("-----BEGIN EC PRIVATE KEY-----\nbefore-xyzzy\n")
    change = files.diff(entry(path, content="-----BEGIN PRIVATE KEY-----\nafter-xyzzy\n"), "replace")
    assert "xyzzy" not in str(change)
    assert "private key" in change["before"]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("mariadb.service", r"another package uses the name mysqld.service .* Next: systemctl disable --now mariadb.service"),
        (os.devnull, "systemctl unmask mysqld"),
    ],
)
def test_a_unit_is_not_written_through_an_alias(tmp_path, target, sentence):
    (tmp_path / "mariadb.service").write_text("[Unit]\nDescription=MariaDB\n")
    path = tmp_path / "mysqld.service"
    path.symlink_to(tmp_path / target)
    with pytest.raises(ValueError, match=sentence):
        files.decide(entry(path, content="[Unit]\n"), units=[f"{tmp_path}/"])
    assert files.decide(entry(tmp_path / "mariadb.service", content="[Unit]\n"), units=[f"{tmp_path}/"]) == "replace"


def test_public_content_is(tmp_path):
    (tmp_path / "p").write_text("old\n")
    wanted = entry(tmp_path / "p", content="new\n")
    change = files.diff(wanted, files.decide(wanted))
    assert (change["before"], change["after"]) == ("old\n", "new\n")
    assert files.diff(entry(tmp_path / "p", content="old\n"), "keep") is None


def test_entries_that_cannot_be_meant():
    found = files.problems(
        [
            entry("relative", content="x", mode="0644"),
            entry("/a", mode="0644"),
            entry("/b", content="x", secret_content="y", mode="0644"),
            entry("/c", "directory", content="x"),
            entry("/d", content="x"),
            entry("/e", "absent"),
            entry("/e", "absent"),
        ]
    )
    for number, sentence in enumerate(
        ["not absolute", "/a: a file needs exactly one", "/b: a file needs exactly one", "is for files", "needs a mode", "twice"]
    ):
        assert sentence in found[number]
    assert len(found) == 6


def test_missing_parents_outermost_first(tmp_path):
    assert files.missing_parents(str(tmp_path / "a" / "b" / "c")) == [str(tmp_path / "a"), str(tmp_path / "a" / "b")]
    assert files.missing_parents(os.path.join(str(tmp_path), "x")) == []
