# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of state that have no module of their own: what they decide."""

from __future__ import annotations

import os
import pathlib
import types

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import account, block, derived
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply.ordered import foretold

BEGIN, END = "# BEGIN x", "# END x"
NOLOGIN = "/usr/sbin/nologin"


@pytest.mark.parametrize(
    ("seen", "own_group", "expected"),
    [
        (("/var/lib/x", NOLOGIN), True, []),
        (None, False, ["useradd", "--system", "--user-group", "--home-dir", "/var/lib/x", "--shell", NOLOGIN, "--no-create-home", "x"]),
        (None, True, ["useradd", "--system", "--gid", "x", "--home-dir", "/var/lib/x", "--shell", NOLOGIN, "--no-create-home", "x"]),
        (("/home/x", NOLOGIN), True, ["usermod", "--home", "/var/lib/x", "x"]),
        (("/home/x", "/bin/sh"), True, ["usermod", "--home", "/var/lib/x", "--shell", NOLOGIN, "x"]),
    ],
)
def test_account(seen: tuple[str, str] | None, own_group: bool, expected: list[str]) -> None:
    assert account.command("x", "/var/lib/x", NOLOGIN, seen, own_group) == expected


@pytest.mark.parametrize(
    ("before", "lines", "after"),
    [
        ("", "a", f"{BEGIN}\na\n{END}\n"),
        ("1\n", "a\nb", f"1\n{BEGIN}\na\nb\n{END}\n"),
        ("1", "a", f"1\n{BEGIN}\na\n{END}\n"),  # a last line without an end stays a line of its own
        (f"1\n{BEGIN}\nold\n{END}\n2\n", "a", f"1\n{BEGIN}\na\n{END}\n2\n"),  # in its place
        (f"1\n{BEGIN}\na\n{END}\n2\n", "a", f"1\n{BEGIN}\na\n{END}\n2\n"),
        (f"1\n{BEGIN}\na\n{END}\n2\n", "", "1\n2\n"),
        (f"1\r\n{BEGIN}\r\na\r\n{END}\r\n2\r\n", "b", f"1\r\n{BEGIN}\nb\n{END}\n2\r\n"),  # what is not ours stays byte for byte
        (f"1\n{BEGIN}\nhalf\n", "a", f"1\nhalf\n{BEGIN}\na\n{END}\n"),  # nobody says where it ended: no line is lost
        (f"{END}\n1\n{BEGIN}\n", "a", f"1\n{BEGIN}\na\n{END}\n"),
    ],
)
def test_block(before: str, lines: str, after: str) -> None:
    assert block.with_block(before, lines, BEGIN, END) == after
    assert block.with_block(after, lines, BEGIN, END) == after, "a second run changes nothing"


def test_derived(tmp_path: pathlib.Path) -> None:
    made, source = str(tmp_path / "made"), str(tmp_path / "source")
    assert derived.outdated(made, [source]) == f"{made} is not there"
    for path, when in ((made, 100), (source, 50)):
        pathlib.Path(path).touch()
        os.utime(path, (when, when))
    assert derived.outdated(made, [source]) == ""
    assert derived.outdated(made, [str(tmp_path / "gone")]) == ""
    for when in (100, 200):  # the same age: nobody knows which came first
        os.utime(source, (when, when))
        assert derived.outdated(made, [source]) == f"{source} is newer"


def test_derived_where_there_is_nothing_to_make_it_of(tmp_path: pathlib.Path) -> None:
    """A host without the package that the command is of: no command, and not one that is not found."""
    params = {"path": str(tmp_path / "made"), "sources": [str(tmp_path / "none")], "command": ["no-such-program"], "beside": str(tmp_path / "none")}
    assert derived.run(types.SimpleNamespace(params=params)) == {"changed": False, "reason": ""}  # type: ignore[arg-type]
    params["beside"] = str(tmp_path)
    with pytest.raises(LookupError):
        derived.run(types.SimpleNamespace(params=params, check_mode=False, run_command=None, get_bin_path=missing))  # type: ignore[arg-type]


def missing(name: str, required: bool) -> str:
    raise LookupError(name)


PARAMS = {"restart_when_newer": ["/etc/a"], "reload_when_newer": ["/etc/r"], "executable": "/usr/local/bin/a", "restart": False, "reload": False}


@pytest.mark.parametrize(
    ("changed_paths", "programs", "restart", "reload"),
    [
        ([], [], False, False),
        (["/etc/other"], ["/usr/local/bin/b"], False, False),
        (["/etc/a"], [], True, False),
        (["/etc/r"], [], False, True),
        (["/etc/systemd/system/a.service"], [], True, False),
        (["/etc/systemd/system/a.service.d/x.conf"], [], True, False),
        (["/etc/systemd/system/aa.service"], [], False, False),
        ([], ["/usr/local/bin/a"], True, False),
    ],
)
def test_a_restart_is_foretold(changed_paths: list[str], programs: list[str], restart: bool, reload: bool) -> None:
    found = foretold(PARAMS, "a.service", changed_paths, programs)
    assert (found["restart"], found["reload"]) == (restart, reload)
    assert foretold({**PARAMS, "executable": None}, "a.service", [], ["/usr/local/bin/a"])["restart"] is False
