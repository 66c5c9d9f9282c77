# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module's own layer: arguments, result, failure. What it does is tested in tests/unit/plugins/module_utils/artifact."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.onprem.wandb.plugins.modules import artifact


def call(capsys: pytest.CaptureFixture[str], **args: t.Any) -> dict[str, t.Any]:
    with patch_module_args(args), pytest.raises(SystemExit):
        artifact.main()
    return json.loads(capsys.readouterr().out)


@pytest.fixture(name="wanted")
def fixture_wanted(tmp_path: pathlib.Path, file_server: t.Any) -> dict[str, t.Any]:
    item = {"name": "tool", "version": "1.0", **file_server.add("/tool", b"program"), "links": {str(tmp_path / "bin/tool"): "tool"}}
    return {"artifacts": [item], "root": str(tmp_path / "root")}


def test_life(capsys: pytest.CaptureFixture[str], wanted: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    """Create: check, run, check again, run again."""
    assert call(capsys, **wanted, _ansible_check_mode=True)["changed"]
    assert not (tmp_path / "root").exists()
    old = os.umask(0o077)
    try:
        result = call(capsys, **wanted)
    finally:
        os.umask(old)
    assert (result["changed"], result["changed_names"]) == (True, ["tool"])
    assert "diff" not in result
    assert (tmp_path / "root").stat().st_mode & 0o777 == 0o755, "whatever the umask"
    assert (tmp_path / "root/tool/1.0/tool").stat().st_mode & 0o777 == 0o755
    assert not call(capsys, **wanted, _ansible_check_mode=True)["changed"]
    assert not call(capsys, **wanted)["changed"]


def test_diff(capsys: pytest.CaptureFixture[str], wanted: dict[str, t.Any]) -> None:
    result = call(capsys, **wanted, _ansible_check_mode=True, _ansible_diff=True)
    assert result["diff"]["before"] == "tool (not installed)\n"
    assert result["diff"]["after"].startswith("tool 1.0\n")


def test_failure_is_a_sentence(capsys: pytest.CaptureFixture[str], wanted: dict[str, t.Any]) -> None:
    wanted["artifacts"][0]["sha256"] = "0" * 64
    result = call(capsys, **wanted)
    assert result["failed"]
    assert "wrong checksum: expected sha256 " + "0" * 64 in result["msg"]
    assert "exception" not in result


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"artifacts": [{"name": "tool"}]}, "missing required arguments"),
        ({"artifacts": [{"name": "t", "version": "1", "url": "https://x.org", "sha256": "0" * 64, "format": "rar"}]}, "must be one of"),
        ({"artifacts": [], "keep": -1}, "keep must be 0 or more, but it is -1"),
        ({"artifacts": [], "root": "relative"}, "root must be an absolute path"),
    ],
)
def test_bad_arguments(capsys: pytest.CaptureFixture[str], change: dict[str, t.Any], part: str) -> None:
    result = call(capsys, **change)
    assert result["failed"]
    assert part in result["msg"]


def test_context_of_the_final_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wanted: dict[str, t.Any], tmp_path: pathlib.Path
) -> None:
    """SELinux: contexts are looked up for the place where a file will be, and set where it is being made; a program is bin_t."""
    looked_up: list[str] = []
    labels: list[tuple[str, str]] = []

    def default(_self: t.Any, path: str, mode: int = 0) -> list[str]:
        looked_up.append(path)
        return ["system_u", "object_r", "usr_t", "s0"]

    monkeypatch.setattr(artifact.AnsibleModule, "selinux_enabled", lambda _self: True)
    monkeypatch.setattr(artifact.AnsibleModule, "selinux_default_context", default)
    monkeypatch.setattr(artifact.AnsibleModule, "set_context_if_different", lambda _self, path, context, changed: labels.append((path, context[2])) or changed)
    call(capsys, **wanted)
    base = tmp_path / "root/tool"
    assert looked_up == [f"{base}/1.0", f"{base}/1.0/tool"]
    assert labels == [(f"{base}/.staging-1.0", "usr_t"), (f"{base}/.staging-1.0/tool", "bin_t")]
