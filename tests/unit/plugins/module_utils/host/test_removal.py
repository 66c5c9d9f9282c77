# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be removed from a host, and that nothing else is."""

from __future__ import annotations

import errno
import json
import itertools
import os
import pathlib
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host import removal
from ansible_collections.onprem.wandb.plugins.module_utils._host.removal import Entry


def tree(top: pathlib.Path, *files: str) -> None:
    """Files with a word in them; a name with a slash at its end is a directory."""
    for name in files:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_text("word")


def left(top: pathlib.Path) -> list[str]:
    """Everything below, sorted."""
    return sorted(str(path.relative_to(top)) for path in top.rglob("*"))


def settle(entries: t.Sequence[Entry], mounts: t.Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """As the module does; removed paths and refusals."""
    targets, refused = removal.problems(entries, mounts)
    if refused:
        return [], refused
    for target in targets:
        removal.remove(target)
        removal.tidy(target.path)
    return [target.path for target in targets], []


def test_a_directory_goes_when_it_holds_what_proves_it(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "mysql/mysql.ibd", "mysql/wandb_local/runs.ibd", "mysql/.hidden/x", "beside/mysql.ibd")
    (tmp_path / "mysql/link").symlink_to(tmp_path / "beside")
    entry = Entry(str(tmp_path / "mysql"), holds=("mysql.ibd",))
    assert settle([entry]) == ([str(tmp_path / "mysql")], [])
    assert left(tmp_path) == ["beside", "beside/mysql.ibd"]
    assert settle([entry]) == ([], [])


@pytest.mark.parametrize(
    ("files", "entry", "sentence"),
    [
        (
            ["d/precious.txt"],
            {"holds": ("mysql.ibd",)},
            "holds precious.txt; expected one of mysql.ibd. It is not of this site, and nothing was changed.",
        ),
        (["d/precious.txt"], {}, "expected a directory of this site"),
        (["d/dump.rdb", "d/other.sql"], {"only": ("dump.rdb", "appendonlydir")}, "holds other.sql; expected nothing but dump.rdb, appendonlydir"),
    ],
)
def test_a_foreign_directory_is_refused_and_untouched(tmp_path: pathlib.Path, files: list[str], entry: dict[str, t.Any], sentence: str) -> None:
    tree(tmp_path, *files)
    before = left(tmp_path)
    removed, refused = settle([Entry(str(tmp_path / "d"), **entry)])
    assert removed == []
    assert sentence in refused[0]
    assert left(tmp_path) == before


def test_a_run_that_was_cut_off_is_finished_by_the_next(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "d/a", "d/mysql.ibd", "d/work/x", "d/z/y")
    entry = Entry(str(tmp_path / "d"), holds=("*.ibd",), only=("a", "*.ibd", "work", "z"))
    unlink, rmdir = os.unlink, os.rmdir
    for change in (2, 2, 1, 0):
        count = itertools.count(change, -1)

        def cut(path: t.Any, count: t.Iterator[int] = count, do: t.Any = None, **named: t.Any) -> None:
            if next(count) <= 0:
                raise InterruptedError
            (do or unlink)(path, **named)

        monkeypatch.setattr(os, "unlink", cut)
        monkeypatch.setattr(os, "rmdir", lambda path, count=count, cut=cut, **named: cut(path, count, rmdir, **named))
        with pytest.raises(InterruptedError):
            settle([entry])
    monkeypatch.undo()
    assert (tmp_path / "d/mysql.ibd").exists()
    assert settle([entry]) == ([str(tmp_path / "d")], [])
    assert left(tmp_path) == []


def test_what_a_package_has_made_is_emptied_and_stays(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "redis/dump.rdb", "redis/appendonlydir/a")
    entry = Entry(str(tmp_path / "redis"), only=("dump.rdb", "appendonlydir"), keep=True)
    assert settle([entry]) == ([str(tmp_path / "redis")], [])
    assert settle([entry]) == ([], [])
    assert left(tmp_path) == ["redis"]


def test_one_refusal_keeps_everything(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "onprem-wandb/a", "other/b")
    assert settle([Entry(str(tmp_path / "onprem-wandb")), Entry(str(tmp_path / "other"))])[0] == []
    assert left(tmp_path) == ["onprem-wandb", "onprem-wandb/a", "other", "other/b"]


def test_an_empty_directory_and_one_with_our_name_need_no_proof(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "empty/", "lib/onprem-wandb/mysql-backup/work/x")
    assert settle([Entry(str(tmp_path / "empty")), Entry(str(tmp_path / "lib/onprem-wandb/mysql-backup"))])[1] == []
    # The directory above is ours, and empty now.
    assert left(tmp_path) == ["lib"]


def test_a_directory_above_that_others_use_stays(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "onprem-wandb/mysql/x", "onprem-wandb/redis/y")
    settle([Entry(str(tmp_path / "onprem-wandb/mysql"))])
    assert left(tmp_path) == ["onprem-wandb", "onprem-wandb/redis", "onprem-wandb/redis/y"]


def test_a_mount_point_is_emptied_and_stays(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "data/mysql.ibd", "data/.before-restore-1/mysql.ibd", "data/lost+found/")
    entry, mounts = Entry(str(tmp_path / "data"), holds=("mysql.ibd",)), [str(tmp_path / "data")]
    assert settle([entry], mounts) == ([str(tmp_path / "data")], [])
    assert left(tmp_path) == ["data", "data/lost+found"]
    assert settle([entry], mounts) == ([], [])


def test_a_link_to_a_directory_of_data_stays_and_its_target_is_emptied(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "disk/mysql.ibd")
    (tmp_path / "data").symlink_to("disk")
    entry = Entry(str(tmp_path / "data"), holds=("mysql.ibd",))
    assert settle([entry]) == ([str(tmp_path / "data")], [])
    assert left(tmp_path) == ["data", "disk"]
    assert settle([entry]) == ([], [])


def test_a_mount_inside_is_refused(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "data/mysql.ibd", "data/archive/precious")
    removed, refused = settle([Entry(str(tmp_path / "data"), holds=("mysql.ibd",))], [str(tmp_path / "data/archive")])
    assert removed == []
    assert refused == [
        f"{tmp_path}/data/archive is mounted in {tmp_path}/data, which would be removed with all that it holds. Nothing was changed."
        f" Next: umount {tmp_path}/data/archive; then run this again."
    ]
    assert (tmp_path / "data/mysql.ibd").exists()


def test_a_mount_inside_that_is_an_entry_of_its_own_is_emptied_and_stays(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "onprem-wandb/state/work/full/x", "onprem-wandb/state/status.json", "onprem-wandb/state/deep/er/mounted/y")
    state = tmp_path / "onprem-wandb/state"
    entries = [Entry(str(state / "work")), Entry(str(state / "deep/er/mounted")), Entry(str(state))]
    mounts = [str(state / "work"), str(state / "deep/er/mounted")]
    assert settle(entries, mounts)[1] == []
    assert left(state) == ["deep", "deep/er", "deep/er/mounted", "work"]
    assert settle(entries, mounts) == ([], [])


def test_another_file_system_is_not_entered_even_when_nobody_said_that_it_is_mounted(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "data/sub/precious")
    handle = os.open(tmp_path / "data", os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="another file system") as refused:
            removal.empty(handle, str(tmp_path / "data"), device=-1, keep=(), names=["sub"])
    finally:
        os.close(handle)
    assert refused.value.errno == errno.EXDEV
    assert (tmp_path / "data/sub/precious").exists()


@pytest.mark.parametrize("path", ["/", "/var/lib", "/etc", "/usr/local/bin", "relative", "/var/lib/../mysql", "/etc/systemd/system/"])
def test_a_directory_of_the_system_or_no_plain_path_is_refused(path: str) -> None:
    targets, refused = removal.problems([Entry(path, holds=("*",))], [])
    assert targets == []
    assert "Next: ansible-inventory " in refused[0] and "correct the variable that names it." in refused[0]


def test_a_link_to_a_directory_of_the_system_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "data").symlink_to("/etc")
    assert removal.problems([Entry(str(tmp_path / "data"), holds=("*",))], [])[1]


def test_files_and_links_go_and_targets_stay(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "unit", "target")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "broken").symlink_to("nowhere")
    assert len(settle([Entry(str(tmp_path / name)) for name in ("unit", "link", "broken", "absent")])[0]) == 3
    assert left(tmp_path) == ["target"]


def test_an_alias_of_somebody_else_s_unit_stays(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "UNITS", (f"{tmp_path}/",))
    tree(tmp_path, "mariadb.service")
    (tmp_path / "mysqld.service").symlink_to("mariadb.service")
    assert settle([Entry(str(tmp_path / "mysqld.service"))]) == ([], [])
    assert (tmp_path / "mysqld.service").is_symlink()


def test_patterns_name_what_restores_have_kept(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "mysql.before-restore-20261123T1/mysql.ibd", "mysql.before-restore-20261124T1/.role.json", "mysql/mysql.ibd")
    assert len(settle([Entry(str(tmp_path / "mysql.before-restore-*"), holds=("mysql.ibd", ".role.json"))])[0]) == 2
    assert left(tmp_path) == ["mysql", "mysql/mysql.ibd"]


def test_a_pattern_s_signs_in_a_directory_s_name_are_letters(tmp_path: pathlib.Path) -> None:
    tree(tmp_path, "a[b]/c/mysql.ibd")
    assert settle([Entry(str(tmp_path / "a[b]/c"), holds=("mysql.ibd",))])[1] == []
    assert left(tmp_path) == ["a[b]"]


def test_links_to_release_files_go_with_them(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, elsewhere = tmp_path / "onprem-wandb", tmp_path / "elsewhere"
    monkeypatch.setattr(removal, "LINKED", (str(tmp_path / "bin"),))
    tree(tmp_path, "onprem-wandb/minio/1/minio", "bin/own", "elsewhere/own")
    (root / "minio/1" / removal.RECORD).write_text(json.dumps({"links": {str(elsewhere / "minio"): "minio"}}))
    for folder in (tmp_path / "bin", elsewhere):
        (folder / "minio").symlink_to(root / "minio/current/minio")
        (folder / "foreign").symlink_to(folder / "own")
    assert settle([Entry(str(root), artifacts=True)])[1] == []
    assert left(tmp_path) == ["bin", "bin/foreign", "bin/own", "elsewhere", "elsewhere/foreign", "elsewhere/own"]


def test_mount_points_are_read_as_the_kernel_writes_them() -> None:
    text = "36 35 98:0 /m /mnt/a\\040b rw - ext3 /dev/root rw\n37 35 0:5 / /mnt/\u00e9 rw - tmpfs tmpfs rw\n\n"
    assert removal.mount_points(text) == ["/mnt/a b", "/mnt/\u00e9"]
