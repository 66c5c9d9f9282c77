# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a binary log is replayed."""

from __future__ import annotations

import pathlib
import types
from typing import Any

from mysql_backup import replay


def test_only_the_history_that_is_followed(tmp_path: pathlib.Path) -> None:
    """A file may end with commits that no standby had: they are in no index, so only naming what is wanted keeps them out."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "mysqlbinlog").write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{tmp_path}/asked\n")
    (programs / "mysql").write_text("#!/bin/sh\ncat >/dev/null\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    scratch: Any = types.SimpleNamespace(basedir=str(tmp_path), socket="/nowhere")
    step: Any = types.SimpleNamespace(skip="a:7", name="binlog.000001", chain="a")
    replay.apply(scratch, step, "/spool/binlog.000001", None, "a:1-9,b:1-3")
    assert (tmp_path / "asked").read_text().split() == ["--no-defaults", "--include-gtids=a:1-9,b:1-3", "--exclude-gtids=a:7", "/spool/binlog.000001"]
