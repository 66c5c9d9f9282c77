# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MySQL modules where no server answers. With servers they are tested on the lab's hosts."""

from __future__ import annotations

import importlib
import json
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.onprem.wandb.plugins.modules import mysql_accounts, mysql_replica, mysql_replica_info

REPLICA = {"state": "replica", "source_host": "10.0.0.21", "source_user": "repl", "source_password": "s3cret"}
ACCOUNTS = {
    "databases": [{"name": "wandb_local"}],
    "users": [{"name": "app", "password": "s3cret", "grants": [{"privileges": ["ALL"], "target": "wandb_local.*", "grant_option": True}]}],
}


def call(module: t.Any, capsys: pytest.CaptureFixture[str], tmp_path: t.Any, check: bool = False, **args: t.Any) -> dict[str, t.Any]:
    """The module's answer."""
    args.setdefault("login_unix_socket", str(tmp_path / "mysqld.sock"))
    with patch_module_args({**args, "_ansible_check_mode": check}), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """patch_module_args works once per import of basic."""
    importlib.import_module("ansible.module_utils.basic")


def test_check_mode_foretells_a_standby_on_a_bare_host(capsys: pytest.CaptureFixture[str], tmp_path: t.Any) -> None:
    found = call(mysql_replica, capsys, tmp_path, check=True, **REPLICA)
    assert found["changed"] is True
    assert "would become the replica" in found["notes"][0]


def test_a_missing_server_is_a_sentence(capsys: pytest.CaptureFixture[str], tmp_path: t.Any) -> None:
    found = call(mysql_replica, capsys, tmp_path, state="primary", deadline=0)
    assert found["failed"] is True
    assert "No MySQL server answers on" in found["msg"]
    assert "Next: systemctl status mysqld" in found["msg"]


@pytest.mark.parametrize("state", ["fenced", "absent"])
def test_a_server_that_starts_meanwhile_is_asked_after_the_record(
    capsys: pytest.CaptureFixture[str], tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """review-1 15: its guard may have read "primary" a moment before the record was written; whoever answers after it is fenced as a server."""
    record = tmp_path / "role.json"
    record.write_text(json.dumps({"role": "primary", "server_uuid": "u"}), encoding="utf-8")
    seen = []

    def local(*_args: t.Any, **_more: t.Any) -> t.Any:
        seen.append(json.loads(record.read_text(encoding="utf-8"))["role"])
        if len(seen) == 1:
            raise mysql_replica.pymysql.err.OperationalError(2003, "no socket")
        raise OSError("not yet")

    monkeypatch.setattr(mysql_replica, "local", local)
    monkeypatch.setattr(mysql_replica, "hangs", lambda _module: False)
    found = call(mysql_replica, capsys, tmp_path, state=state, role_file=str(record), journal_file="")
    assert found["changed"] is True
    assert seen == ["primary", {"fenced": "fenced", "absent": "none"}[state]]


@pytest.mark.parametrize(("code", "output", "fenced"), [
    (1, "", False),  # Failed to get properties: Connection timed out
    (0, "", False),
    (0, "ActiveState=inactive\nMainPID=0\n", True),
])  # fmt: skip
def test_a_host_whose_systemd_does_not_answer_is_not_called_fenced(
    code: int, output: str, fenced: bool, capsys: pytest.CaptureFixture[str], tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that swaps: mysqld hangs and may come back writable. Nobody may be promoted because systemctl said nothing."""
    record = tmp_path / "role.json"
    record.write_text(json.dumps({"role": "primary", "server_uuid": "u"}), encoding="utf-8")
    monkeypatch.setattr(mysql_replica, "booted", lambda: True)
    monkeypatch.setattr(mysql_replica.AnsibleModule, "run_command", lambda *_words, **_others: (code, output, ""))
    found = call(mysql_replica, capsys, tmp_path, state="fenced", role_file=str(record), journal_file="", deadline=0)
    assert found.get("failed", False) is not fenced
    assert json.loads(record.read_text(encoding="utf-8"))["role"] == "fenced"
    assert fenced or ("is not fenced: no MySQL server answers" in found["msg"] and "Next: systemctl kill" in found["msg"])


def test_a_server_that_answers_after_the_record_is_fenced(capsys: pytest.CaptureFixture[str], tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late:
        """Answers the first question, which is its version, with one that is too old."""

        statements: t.ClassVar[list[str]] = []
        server_warnings: t.ClassVar[list[str]] = []

        def value(self, _sql: str) -> str:
            """The version."""
            return "5.7.44"

    answers = iter([mysql_replica.pymysql.err.OperationalError(2003, "no socket"), Late()])

    def local(*_args: t.Any, **_more: t.Any) -> t.Any:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(mysql_replica, "local", local)
    monkeypatch.setattr(mysql_replica, "hangs", lambda _module: False)
    found = call(mysql_replica, capsys, tmp_path, state="fenced", role_file="", journal_file="")
    assert "5.7.44" in found["msg"]


@pytest.mark.parametrize("missing", ["source_host", "source_user", "source_password"])
def test_a_standby_needs_a_source(capsys: pytest.CaptureFixture[str], tmp_path: t.Any, missing: str) -> None:
    found = call(mysql_replica, capsys, tmp_path, **{key: value for key, value in REPLICA.items() if key != missing})
    assert found["failed"] is True
    assert missing in found["msg"]


def test_check_mode_lists_the_accounts_of_a_bare_host(capsys: pytest.CaptureFixture[str], tmp_path: t.Any) -> None:
    found = call(mysql_accounts, capsys, tmp_path, check=True, **ACCOUNTS)
    assert [one.split()[0] for one in found["statements"]] == ["CREATE", "CREATE", "GRANT"]
    assert "s3cret" not in json.dumps(found["statements"])


def test_a_name_that_cannot_be_written_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: t.Any) -> None:
    found = call(mysql_accounts, capsys, tmp_path, databases=[{"name": "a;b"}])
    assert "a;b" in found["msg"]


def test_info_says_that_nothing_runs(capsys: pytest.CaptureFixture[str], tmp_path: t.Any) -> None:
    found = call(mysql_replica_info, capsys, tmp_path)
    assert found["running"] is False
    assert found["problem"]


@pytest.mark.parametrize(("role", "degraded"), [("replica", True), ("primary", False)])
def test_the_note_of_a_degraded_pair_counts_on_a_standby_only(capsys: pytest.CaptureFixture[str], tmp_path: t.Any, role: str, degraded: bool) -> None:
    (tmp_path / "role.json").write_text(json.dumps({"role": role}), encoding="utf-8")
    (tmp_path / "note.json").write_text(json.dumps({"since": "2026-11-23T22:10:04Z", "reason": "memory"}), encoding="utf-8")
    found = call(mysql_replica_info, capsys, tmp_path, role_file=str(tmp_path / "role.json"), marker_file=str(tmp_path / "note.json"))
    assert bool(found["degraded"]) is degraded


def test_the_note_of_a_pair_that_is_gone_counts_for_nothing(capsys: pytest.CaptureFixture[str], tmp_path: t.Any) -> None:
    (tmp_path / "role.json").write_text(json.dumps({"role": "replica", "server_uuid": "new"}), encoding="utf-8")
    (tmp_path / "note.json").write_text(json.dumps({"since": "2026-11-23T22:10:04Z", "server_uuid": "old", "term": 3}), encoding="utf-8")
    found = call(mysql_replica_info, capsys, tmp_path, role_file=str(tmp_path / "role.json"), marker_file=str(tmp_path / "note.json"))
    assert found["degraded"] is None
