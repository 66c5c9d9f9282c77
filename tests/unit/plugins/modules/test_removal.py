# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module removal: what a task before has unmounted, or only pretended to."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.onprem.wandb.plugins.modules import removal


@pytest.mark.parametrize(
    ("check", "unmounted", "refused"),
    [
        (True, ["kubelet"], False),  # kubeadm would unmount the volumes of the pods
        (True, [], True),
        (True, ["kube"], True),  # another directory
        (False, ["kubelet"], True),  # it did not
    ],
)
def test_a_mount_that_is_gone_when_the_call_is_real(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path, check: bool, unmounted: list[str], refused: bool
) -> None:
    volume = tmp_path / "kubelet/pods/volume"
    volume.mkdir(parents=True)
    monkeypatch.setattr(removal, "mounts", lambda: [str(volume)])
    args: dict[str, Any] = {"paths": [{"path": str(tmp_path / "kubelet"), "holds": ["pods"]}], "unmounted": [str(tmp_path / name) for name in unmounted]}
    with patch_module_args({**args, "_ansible_check_mode": check}), pytest.raises(SystemExit):
        removal.main()
    result = json.loads(capsys.readouterr().out)
    assert bool(result.get("failed")) == refused, result
    assert volume.is_dir()
    assert refused or result["removed"] == [str(tmp_path / "kubelet")]
