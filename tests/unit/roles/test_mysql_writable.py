# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that keepalived follows. With a server it is measured in the lab: tests/mysql/endpoint."""

from __future__ import annotations

import importlib.util
import pathlib
import socket
import typing as t

import pytest

SCRIPT = pathlib.Path(__file__).parents[3] / "roles/mysql/files/mysql_writable.py"


@pytest.fixture
def script() -> t.Any:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("mysql_writable", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Answers:
    """A server that gives the verdicts of a list, then ends the loop."""

    def __init__(self, *verdicts: tuple[str, str]) -> None:
        self.verdicts = list(verdicts)
        self.asked: list[str] = []

    def ask(self, last: str) -> tuple[str, str]:
        self.asked.append(last)
        if not self.verdicts:
            raise KeyboardInterrupt
        return self.verdicts.pop(0)


@pytest.mark.parametrize(
    ("row", "verdict", "reason"),
    [
        ((0, 0, 0), "1", "it takes writes"),
        ((1, 1, 0), "0", "read_only and super_read_only are on"),
        ((1, 0, 0), "0", "read_only is on"),
        ((0, 1, 0), "0", "super_read_only is on"),
        ((0, 0, 1), "0", "offline_mode is on"),
    ],
)
def test_only_a_server_that_is_open_in_every_way_is_writable(script: t.Any, row: tuple[int, ...], verdict: str, reason: str) -> None:
    assert script.judge(row) == (verdict, reason)


def test_a_full_server_keeps_what_it_had(script: t.Any) -> None:
    assert [script.judge_error(1040, "Too many connections", last)[0] for last in ("1", "0")] == ["1", "0"]


@pytest.mark.parametrize("number", [0, 1045, 2002, 2013, 3032])
def test_every_other_error_closes(script: t.Any, number: int) -> None:
    assert script.judge_error(number, "no", "1")[0] == "0"


def test_no_server_at_all(script: t.Any, tmp_path: pathlib.Path) -> None:
    server = script.Server(str(tmp_path / "no.sock"), "nobody")
    verdict, reason = server.ask("1")
    assert (verdict, server.session) == ("0", None)
    assert reason.startswith("it does not answer")


def test_a_server_that_hangs_is_given_up(script: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "PATIENCE", 0.2)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "hangs.sock"))
        listener.listen()
        assert script.Server(str(tmp_path / "hangs.sock"), "nobody").ask("1")[0] == "0"


@pytest.mark.parametrize("content", [None, "", "0\n", "x", "11"])
def test_every_other_file_means_closed(script: t.Any, tmp_path: pathlib.Path, content: t.Optional[str]) -> None:
    path = tmp_path / "state"
    if content is not None:
        path.write_text(content)
    assert script.read(str(path)) == "0"


def test_the_file_follows_and_nothing_is_written_without_a_change(
    script: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[str] = []
    write = script.write
    monkeypatch.setattr(script, "write", lambda path, verdict: (written.append(verdict), write(path, verdict)))
    monkeypatch.setattr(script, "INTERVAL", 0)
    monkeypatch.setattr(script, "FAREWELL", 0)
    server = Answers(("0", "a"), ("0", "a"), ("1", "b"), ("1", "b"), ("1", "full"), ("0", "c"))
    with pytest.raises(KeyboardInterrupt):
        script.watch(server, str(tmp_path / "state"))
    assert written == ["0", "1", "0"]
    assert script.read(str(tmp_path / "state")) == "0"
    assert server.asked == ["0", "0", "0", "1", "1", "1", "0"]
    assert capsys.readouterr().out.splitlines() == ["closed: a", "writable: b", "writable: full", "closed: c"]


def test_clients_hear_the_goodbye_before_the_address_goes(script: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, slept = str(tmp_path / "state"), []
    monkeypatch.setattr(script.time, "sleep", lambda seconds: slept.append((seconds, script.read(path))))
    with pytest.raises(KeyboardInterrupt):
        script.watch(Answers(("1", "open"), ("0", "closed"), ("0", "closed")), path)
    assert [state for seconds, state in slept if seconds == script.FAREWELL] == ["1"]


def test_a_newer_script_goes_on_with_the_verdict_of_the_older(script: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script.write(str(tmp_path / "state"), "1")
    server = Answers()
    with pytest.raises(KeyboardInterrupt):
        script.watch(server, str(tmp_path / "state"))
    assert server.asked == ["1"]


def test_systemd_is_told(script: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setattr(script, "INTERVAL", 0)
        with pytest.raises(KeyboardInterrupt):
            script.watch(Answers(("0", "a"), ("0", "a")), str(tmp_path / "state"))
        assert [listener.recv(100) for _number in range(2)] == [b"READY=1\nWATCHDOG=1", b"WATCHDOG=1"]


def test_usage(script: t.Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main([]) == 2
    assert "usage: mysql-writable" in capsys.readouterr().err
