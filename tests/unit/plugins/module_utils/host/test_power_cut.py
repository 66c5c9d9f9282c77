# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are on the disk before they lie in their place: XFS, Enterprise Linux' own file system, shows an empty one after a power cut else."""

from __future__ import annotations

import os
import pathlib
import types
import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._host import openings
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import block, files, firewall, kernel
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm import run
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import journal

On = t.Callable[[pathlib.Path], bool]


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> On:
    """Whether all that a file holds was written out."""
    seen: set[tuple[int, int]] = set()
    real = os.fsync

    def fsync(handle: int) -> None:
        real(handle)
        found = os.fstat(handle)
        seen.add((found.st_ino, found.st_size))

    monkeypatch.setattr(os, "fsync", fsync)
    return lambda path: (path.stat().st_ino, path.stat().st_size) in seen


class Module:
    """As much of AnsibleModule as is asked for. A file from another file system (/tmp is often one) is copied into its place."""

    check_mode = False
    _diff = False

    def __init__(self, **params: t.Any) -> None:
        self.params = params

    def atomic_move(self, source: str, target: str, unsafe_writes: bool = False) -> None:
        del unsafe_writes
        if os.path.dirname(source) == os.path.dirname(target):
            os.replace(source, target)
            return
        pathlib.Path(target).write_bytes(pathlib.Path(source).read_bytes())
        os.unlink(source)


def test_fstab(tmp_path: pathlib.Path, on_disk: On) -> None:
    path = tmp_path / "fstab"
    path.write_text("/dev/sda2 / xfs defaults 0 0\n/dev/sda3 none swap sw 0 0\n")
    kernel.Settings(t.cast(t.Any, Module())).write(str(path), "/dev/sda2 / xfs defaults 0 0\n")
    assert path.read_text().count("\n") == 1 and on_disk(path)


def test_hosts(tmp_path: pathlib.Path, on_disk: On) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    block.run(t.cast(t.Any, Module(path=str(path), block="10.0.0.1 a", marker="# {mark} x")))
    assert "10.0.0.1 a" in path.read_text() and on_disk(path)


def test_rules_of_a_firewall(tmp_path: pathlib.Path, on_disk: On) -> None:
    path = tmp_path / "before.rules"
    path.write_text("*filter\nCOMMIT\n")
    firewall.Host(t.cast(t.Any, Module())).write(str(path), f"*filter\n{openings.BEGIN}\n{openings.END}\nCOMMIT\n")
    assert on_disk(path)


def test_units_and_keys(tmp_path: pathlib.Path, on_disk: On) -> None:
    path = tmp_path / "mysqld.service"
    files.write(t.cast(t.Any, Module()), {"path": str(path), "content": "[Unit]\n"})
    assert path.read_text() == "[Unit]\n" and on_disk(path)


def test_kubeadms_configuration(tmp_path: pathlib.Path, on_disk: On) -> None:
    path = tmp_path / "kubeadm-init.yaml"
    run.Node.write(t.cast(t.Any, types.SimpleNamespace()), str(path), "kind: x\n")
    assert on_disk(path)


def test_the_half_of_a_journal_that_stays(tmp_path: pathlib.Path, on_disk: On, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"note": "x"}\n' * 10)
    monkeypatch.setattr(journal, "LIMIT", 10)
    journal.Journal(str(path), "x", "primary")._shorten()
    assert len(path.read_text().splitlines()) == 5 and on_disk(path)
