# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing of an archive may land, or point, outside its tree."""

from __future__ import annotations

import io
import os
import pathlib
import stat
import tarfile
import tempfile
import typing as t
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.onprem.wandb.plugins.module_utils._artifact import archive
from ansible_collections.onprem.wandb.plugins.module_utils._artifact.plan import ArtifactError
from ansible_collections.onprem.wandb.plugins.module_utils._artifact.archive import DIRECTORY, FILE, HARDLINK, OTHER, SYMLINK, Member, judge

LINK, HARD, FOLDER, DEVICE, PIPE = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE


def unpack(folder: pathlib.Path, content: bytes, kind: str = "tar.gz", strip: int = 0, room: t.Callable[[int], None] = lambda size: None) -> pathlib.Path:
    source = folder / "archive"
    source.write_bytes(content)
    tree = folder / "tree"
    archive.unpack(str(source), kind, strip, "tool", str(tree), str(folder), room)
    return tree


def paths(tree: pathlib.Path) -> list[str]:
    return sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([("/etc/passwd", b"x")], "absolute"),
        ([("../x", b"x")], "'..'"),
        ([("a/../../x", b"x")], "'..'"),
        ([("a/../b", b"x")], "'..'"),
        ([("a\nb", b"x")], "control characters"),
        ([("a", b"x"), ("a", b"y")], "twice"),
        ([("a", b"x"), ("./a", b"y")], "twice"),
        ([("a", LINK, "b"), ("a", b"x")], "twice"),
        ([("a", b"x"), ("a/b", b"y")], "lies below 'a', which is a file"),
        ([("a", LINK, "b"), ("a/x", b"y"), ("b", FOLDER)], "lies below 'a', which is a symbolic link"),
        ([("a/x", b"y"), ("a", LINK, "b")], "lies below 'a', which is a symbolic link"),
        ([("a", LINK, "/etc")], "absolute path /etc"),
        ([("a", LINK, "..")], "leads out"),
        ([("a", LINK, "../x")], "leads out"),
        ([("d/a", LINK, "../../x")], "leads out"),
        ([("d/a", LINK, "x/../../..")], "leads out"),
        ([("a", LINK, "")], "without a target"),
        ([("a", LINK, "a")], "leads to itself"),
        ([("a", LINK, "b"), ("b", LINK, "a")], "leads to itself"),
        # `d/l` looks harmless by its letters (d/up/../..), but d/up is the top, and its parent is outside
        ([("d/up", LINK, ".."), ("d/l", LINK, "up/..")], "leads out"),
        ([("x", FOLDER), ("d/e/a", LINK, "../../x"), ("d/e/l", LINK, "a/../../y")], "leads out"),
        ([("a", HARD, "/etc/shadow")], "absolute"),
        ([("a", HARD, "../x")], "'..'"),
        ([("a", HARD, "b"), ("b", b"x")], "no file that comes before"),
        ([("l", LINK, "b"), ("a", HARD, "l")], "no file that comes before"),
        ([("d", FOLDER), ("a", HARD, "d")], "no file that comes before"),
        ([("a", DEVICE)], "special file"),
        ([("a", PIPE)], "special file"),
        ([(".artifact.json", b"{}")], "reserved"),
        ([("d", FOLDER)][:0], "nothing is left"),
    ],
)
def test_refused(tmp_path: pathlib.Path, make_tar: t.Callable[..., bytes], members: list[t.Any], why: str) -> None:
    with pytest.raises(ArtifactError, match=why):
        unpack(tmp_path, make_tar(*members))
    assert not (tmp_path / "tree").exists(), "refused only after something was written"


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.xz"])
def test_tar_without_any_program(tmp_path: pathlib.Path, make_tar: t.Callable[..., bytes], monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    content = make_tar(
        ("top/", None),
        ("top/bin/", None),
        ("top/bin/", None),  # MySQL's tarballs repeat directories
        ("top/bin/tool", b"program", 0o4777),
        ("top/share/text", b"text", 0o666),
        ("top/bin/same", HARD, "top/bin/tool"),
        ("top/lib/plugin", LINK, "../share"),
        ("top/share/self", LINK, "."),
        kind=kind,
    )
    tree = unpack(tmp_path, content, kind, strip=1)
    assert paths(tree) == ["bin", "bin/same", "bin/tool", "lib", "lib/plugin", "share", "share/self", "share/text"]
    assert (tree / "bin/tool").read_bytes() == b"program"
    assert stat.S_IMODE((tree / "bin/tool").stat().st_mode) == 0o755, "set-uid and write bits are dropped"
    assert stat.S_IMODE((tree / "share/text").stat().st_mode) == 0o644
    assert (tree / "bin/same").stat().st_ino == (tree / "bin/tool").stat().st_ino
    assert os.readlink(tree / "lib/plugin") == "../share"
    assert not [path for path in tmp_path.iterdir() if path.name not in ("archive", "tree")], "scratch files are left"


def make_zip(*members: tuple[str, bytes, int]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            zipped.writestr(info, content)
    return out.getvalue()


def test_zip(tmp_path: pathlib.Path) -> None:
    content = make_zip(("d/", b"", 0), ("d/tool", b"program", 0o100755), ("d/text", b"text", 0), ("d/link", b"tool", 0o120777))
    tree = unpack(tmp_path, content, "zip")
    assert paths(tree) == ["d", "d/link", "d/text", "d/tool"]
    assert os.access(tree / "d/tool", os.X_OK)
    assert (tree / "d/link").read_bytes() == b"program"


@pytest.mark.parametrize("member", [("../x", b"x", 0), ("/x", b"x", 0), ("l", b"/etc", 0o120777), ("l", b"../x", 0o120777), ("p", b"", 0o010644)])
def test_zip_refused(tmp_path: pathlib.Path, member: tuple[str, bytes, int]) -> None:
    with pytest.raises(ArtifactError, match="is refused"):
        unpack(tmp_path, make_zip(member), "zip")
    assert not (tmp_path / "tree").exists()


def test_binary(tmp_path: pathlib.Path) -> None:
    tree = unpack(tmp_path, b"program", "binary")
    assert paths(tree) == ["tool"]
    assert stat.S_IMODE((tree / "tool").stat().st_mode) == 0o755


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.xz", "zip"])
@pytest.mark.parametrize("content", [b"", b"<html>410 Gone</html>" * 100])
def test_not_an_archive(tmp_path: pathlib.Path, kind: str, content: bytes) -> None:
    with pytest.raises(ArtifactError, match=f"cannot be read as {kind}|nothing is left"):
        unpack(tmp_path, content, kind)


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.xz"])
def test_truncated(tmp_path: pathlib.Path, make_tar: t.Callable[..., bytes], kind: str) -> None:
    content = make_tar(("a", os.urandom(50000)), kind=kind)
    with pytest.raises(ArtifactError, match="cannot be read as"):
        unpack(tmp_path, content[:30000], kind)


def test_strip_that_leaves_nothing(tmp_path: pathlib.Path, make_tar: t.Callable[..., bytes]) -> None:
    with pytest.raises(ArtifactError, match="nothing is left after strip_components 2"):
        unpack(tmp_path, make_tar(("a/b", b"x")), strip=2)


def test_room_is_asked_for_before_anything_is_written(tmp_path: pathlib.Path, make_tar: t.Callable[..., bytes]) -> None:
    def room(size: int) -> None:
        if size >= 1000:
            raise ArtifactError("too little free space")

    with pytest.raises(ArtifactError, match="too little"):
        unpack(tmp_path, make_tar(("a", b"x" * 600), ("b", b"x" * 600), kind="tar"), "tar", room=room)
    assert not (tmp_path / "tree").exists()


# --- any archive at all

NAMES = st.lists(st.sampled_from(["a", "b", "c", "..", ".", ""]), min_size=1, max_size=4).map("/".join)
MEMBERS = st.lists(st.tuples(NAMES, st.sampled_from([FILE, FILE, DIRECTORY, SYMLINK, SYMLINK, HARDLINK, OTHER]), NAMES), min_size=1, max_size=8)


@settings(max_examples=600)
@given(members=MEMBERS, strip=st.integers(0, 2))
@example(members=[("a/b", SYMLINK, ".."), ("c", SYMLINK, "a/b/..")], strip=0)
def test_whatever_is_accepted_stays_inside(members: list[tuple[str, str, str]], strip: int) -> None:
    """Build the tar, unpack it for real, and look at the disk."""
    types = {FILE: tarfile.REGTYPE, DIRECTORY: FOLDER, SYMLINK: LINK, HARDLINK: HARD, OTHER: PIPE}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type = types[kind]
            info.linkname = target if kind in (SYMLINK, HARDLINK) else ""
            info.size = 4 if kind == FILE else 0
            tar.addfile(info, io.BytesIO(b"evil") if kind == FILE else None)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name, "deep", "er")
        folder.mkdir(parents=True)
        try:
            tree = unpack(folder, out.getvalue(), "tar", strip)
        except ArtifactError:
            assert not (folder / "tree").exists()
            return
        assert sorted(os.listdir(folder)) == ["archive", "tree"]
        assert os.listdir(name) == ["deep"]
        assert os.listdir(os.path.join(name, "deep")) == ["er"]
        for path in tree.rglob("*"):
            real = os.path.realpath(path)
            assert real == os.path.realpath(tree) or real.startswith(os.path.realpath(tree) + "/"), (path, real)


@settings(max_examples=300)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=5))
def test_paths_that_are_accepted_are_plain(parts: list[str]) -> None:
    name = "/".join(parts)
    try:
        entries = judge([Member(name, FILE)])
    except ArtifactError:
        return
    path = entries[0].path
    assert not path.startswith("/")
    assert all(part not in ("", ".", "..") and "\0" not in part for part in path.split("/"))
