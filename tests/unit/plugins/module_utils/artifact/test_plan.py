# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._artifact.plan import Artifact, ArtifactError, Installed, State, parse, plan

ROOT = "/opt/onprem-wandb"
SHA = "a" * 64
TARGET = f"{ROOT}/tool/current/bin/tool"
ITEM: dict[str, t.Any] = {"name": "tool", "version": "2.0", "url": "https://example.com/t.tgz", "sha256": SHA, "links": {"/usr/local/bin/tool": "bin/tool"}}
WANTED = Artifact("tool", "2.0", "https://example.com/t.tgz", SHA, "tar.gz", 0, {"/usr/local/bin/tool": "bin/tool"})


def version(name: str, switched: float = 0, sha256: str = SHA, damage: str = "", links: t.Mapping[str, str] | None = None) -> Installed:
    return Installed(name, sha256, {"/usr/local/bin/tool": "bin/tool"} if links is None else links, switched, damage)


def state(current: str | None, *installed: Installed, **more: t.Any) -> State:
    links = more.pop("links", {"/usr/local/bin/tool": TARGET if current else None})
    return State(current, {one.version: one for one in installed}, links, **more)


def test_bare_host() -> None:
    found = plan(WANTED, state(None), ROOT, 2)
    assert (found.fetch, found.switch, found.make_links, found.previous) == (True, True, ("/usr/local/bin/tool",), None)
    assert found.changed


def test_nothing_to_do() -> None:
    assert not plan(WANTED, state("2.0", version("2.0")), ROOT, 2).changed


def test_upgrade_and_rollback() -> None:
    found = plan(WANTED, state("1.0", version("1.0")), ROOT, 2)
    assert (found.fetch, found.switch, found.previous, found.drop_versions) == (True, True, "1.0", ())
    found = plan(WANTED, state("1.0", version("1.0"), version("2.0")), ROOT, 2)
    assert (found.fetch, found.switch) == (False, True), "a version on the disk is not fetched"


@pytest.mark.parametrize(
    ("there", "why"),
    [(version("2.0", sha256="b" * 64), "another file"), (version("2.0", damage="the installed one is damaged: x is missing"), "damaged")],
)
def test_reinstall(there: Installed, why: str) -> None:
    found = plan(WANTED, state("2.0", there), ROOT, 2)
    assert found.fetch
    assert not found.switch
    assert why in found.reason


def test_keep() -> None:
    versions = [version("1.0", 10), version("1.1", 30), version("1.2", 20), version("1.3", 5), version("2.0", 40)]
    assert plan(WANTED, state("2.0", *versions), ROOT, 2).drop_versions == ("1.0", "1.3")
    assert plan(WANTED, state("2.0", *versions), ROOT, 0).drop_versions == ("1.1", "1.2", "1.0", "1.3")
    assert plan(WANTED, state("2.0", *versions), ROOT, 9).drop_versions == ()


def test_what_is_in_use_now_counts_as_used_last() -> None:
    """Even if a wrong clock said otherwise when it was switched to."""
    versions = [version("1.0", 5), version("1.1", 30), version("2.0", 40)]
    assert plan(WANTED, state("1.0", *versions), ROOT, 1).drop_versions == ("1.1",)


@pytest.mark.parametrize("there", ["a file", "a symbolic link to /usr/bin/other"])
def test_foreign_file(there: str) -> None:
    more: dict[str, t.Any] = {"foreign": {"/usr/local/bin/tool": there}} if there == "a file" else {"links": {"/usr/local/bin/tool": "/usr/bin/other"}}
    with pytest.raises(ArtifactError, match=f"there is {there} that this collection did not make.*force_links.*Nothing was changed"):
        plan(WANTED, state("2.0", version("2.0"), **more), ROOT, 2)
    assert plan(WANTED, state("2.0", version("2.0"), **more), ROOT, 2, force_links=True).make_links == ("/usr/local/bin/tool",)
    assert not plan(WANTED, state("2.0", version("2.0"), **more), ROOT, 2, manage_links=False).changed


def test_directory_is_never_replaced() -> None:
    there = state("2.0", version("2.0"), foreign={"/usr/local/bin/tool": "a directory"})
    with pytest.raises(ArtifactError, match="there is a directory.*Move it away. Nothing"):
        plan(WANTED, there, ROOT, 2, force_links=True)


def test_link_of_ours_that_points_elsewhere_is_corrected() -> None:
    there = state("2.0", version("2.0"), links={"/usr/local/bin/tool": f"{ROOT}/other/current/tool"})
    assert plan(WANTED, there, ROOT, 2).make_links == ("/usr/local/bin/tool",)


def test_former_links_go_away_if_they_are_still_ours() -> None:
    old = {"/usr/local/bin/tool": "bin/tool", "/usr/local/bin/gone": "bin/gone", "/usr/local/bin/taken": "bin/taken"}
    links = {"/usr/local/bin/tool": TARGET, "/usr/local/bin/gone": f"{ROOT}/tool/current/bin/gone", "/usr/local/bin/taken": f"{ROOT}/other/current/taken"}
    found = plan(WANTED, state("2.0", version("2.0", links=old), links=links), ROOT, 2)
    assert found.drop_links == ("/usr/local/bin/gone",)
    assert found.record
    found = plan(WANTED, state("1.0", version("1.0", links=old), links=links), ROOT, 2)
    assert found.drop_links == ("/usr/local/bin/gone",)
    assert not found.record, "the new version's marker is written when it is unpacked"


def test_link_to_nothing() -> None:
    with pytest.raises(ArtifactError, match="does not contain what these links should point to: /usr/local/bin/tool"):
        plan(WANTED, state("2.0", version("2.0"), missing=("/usr/local/bin/tool",)), ROOT, 2)
    assert plan(WANTED, state("1.0", version("1.0"), missing=("/usr/local/bin/tool",)), ROOT, 2).fetch


def test_leftovers_are_work() -> None:
    assert plan(WANTED, state("2.0", version("2.0"), leftovers=True), ROOT, 2).changed


def test_parse() -> None:
    found = parse([{**ITEM, "sha256": SHA.upper(), "format": "tar.gz"}], ROOT)
    assert found == [WANTED]
    assert str(found[0]) == "tool 2.0"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "../x"}, "the name '../x' cannot be a directory name"),
        ({"name": ".cache"}, "cannot be a directory name"),
        ({"version": "1/2"}, "the version '1/2'"),
        ({"version": "current"}, "not the word current"),
        ({"version": ""}, "the version ''"),
        ({"sha256": "abc"}, "64 hexadecimal digits"),
        ({"format": "tar.zst"}, "format must be one of"),
        ({"strip_components": 1}, "makes no sense for format binary"),
        ({"format": "zip", "strip_components": -1}, "strip_components -1"),
        ({"url": "ftp://example.com/x"}, "url must begin with"),
        ({"url": "/srv/x"}, "url must begin with"),
        ({"url": "file://server/x"}, "url must begin with"),
        ({"url": "https://user:secret@example.com/x"}, "user name or password"),
        ({"links": {"usr/bin/x": "x"}}, "must be an absolute path outside"),
        ({"links": {"/usr/../x": "x"}}, "must be an absolute path outside"),
        ({"links": {f"{ROOT}/tool/x": "x"}}, "must be an absolute path outside"),
        ({"links": {"/usr/bin/x": "../x"}}, "must point to a path inside the artifact"),
        ({"links": {"/usr/bin/x": "/etc/x"}}, "must point to a path inside the artifact"),
        ({"links": {"/usr/bin/x": "."}}, "must point to a path inside the artifact"),
    ],
)
def test_bad_input(change: dict[str, t.Any], why: str) -> None:
    with pytest.raises(ArtifactError, match=why) as caught:
        parse([{**ITEM, **change}], ROOT)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("root", ["opt", "/", "/opt/../x", "/opt/x/"])
def test_bad_root(root: str) -> None:
    with pytest.raises(ArtifactError, match="root must be an absolute path"):
        parse([], root)


def test_all_problems_at_once() -> None:
    with pytest.raises(ArtifactError) as caught:
        parse([{**ITEM, "sha256": "1"}, {**ITEM, "version": "a b"}], ROOT)
    for part in ("64 hexadecimal", "'a b'", "in the list twice", "/usr/local/bin/tool is wanted by tool and by tool"):
        assert part in str(caught.value)
