# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of kubeadm_node and kubeadm_token that need no host."""

from __future__ import annotations

import datetime
import json
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm import decide as k
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.kubeadm import run
from ansible_collections.onprem.wandb.plugins.modules import kubeadm_token


def test_the_discovery_file_is_a_kubeconfig() -> None:
    text = run.discovery_kubeconfig({"server": "https://k8s:6443", "certificate_authority_data": "QUJD", "token": "abcdef.0123456789abcdef"})
    config = yaml.safe_load(text)
    assert config["clusters"][0]["cluster"] == {"server": "https://k8s:6443", "certificate-authority-data": "QUJD"}
    assert config["users"][0]["user"] == {"token": "abcdef.0123456789abcdef"}
    assert config["current-context"] == config["contexts"][0]["name"]


def test_drift_names_the_lines() -> None:
    assert run.drift("a: 1\nb: 2\n", "a: 1\nb: 2\n") == ""
    assert run.drift("a: 1\nb: 2\n", "a: 1\nb: 3\n") == "-b: 2; +b: 3"


def test_ready() -> None:
    assert run.is_ready({"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    assert not run.is_ready({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}})


def test_remove(tmp_path: pathlib.Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("x")
    (tmp_path / "l").symlink_to(tmp_path / "d")
    for name in ("l", "d", "d"):
        run.remove(str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_what_is_mounted_in_a_directory_is_found(tmp_path: pathlib.Path) -> None:
    directory = tmp_path / "volumes"
    directory.mkdir()
    mounts = f"/dev/sda1 / ext4 rw 0 0\nnas:/x {directory}/pvc\\0401 nfs rw 0 0\n/dev/sdb {directory} xfs rw 0 0\n/dev/sdc {directory}-other xfs rw 0 0\n"
    assert run.mounted_below([str(directory)], mounts) == [f"{directory}/pvc 1"]
    assert run.mounted_below([str(tmp_path / "none")], mounts) == []


class FakeModule:
    """Just enough of AnsibleModule."""

    def __init__(self, **params: t.Any) -> None:
        self.params = {"state": k.INITIALIZED, "version": "1.36.4", "node_name": "cp1", "server": None, "schedulable": None, "timeout": 0, **params}
        self.check_mode = False

    def fail_json(self, msg: str, **_more: t.Any) -> t.NoReturn:
        raise SystemExit(msg)


def play(monkeypatch: pytest.MonkeyPatch, *decisions: k.Decision) -> tuple[list[str], k.Decision]:
    """settle() over a sequence of verdicts; returns what was done."""
    node = run.Node(t.cast(t.Any, FakeModule()))
    rest = list(decisions)
    monkeypatch.setattr(node, "look", lambda: rest.pop(0) if len(rest) > 1 else rest[0])
    monkeypatch.setattr(node, "act", lambda action: None)
    first, done = node.settle()
    return done, first


MEMBER = k.Decision("member")


def test_a_reset_is_followed_by_a_new_look(monkeypatch: pytest.MonkeyPatch) -> None:
    done, first = play(monkeypatch, k.Decision("half-made", [k.RESET, k.INIT]), k.Decision("bare", [k.INIT]), MEMBER)
    assert done == [k.RESET, k.INIT]
    assert first.node == "half-made"


def test_what_turned_out_to_be_finished_is_not_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    done, _first = play(monkeypatch, k.Decision("half-made", [k.API, k.FINISH]), k.Decision("half-made", [k.FINISH]), MEMBER)
    assert done == [k.API, k.FINISH]


def test_an_action_without_effect_ends_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="start the kubelet did not help"):
        play(monkeypatch, k.Decision("member", [k.START]))


def test_a_join_without_a_token_is_a_sentence() -> None:
    node = run.Node(t.cast(t.Any, FakeModule(state=k.JOINED, discovery=None)))
    with pytest.raises(SystemExit, match="no bootstrap token"):
        node.join()


def test_a_killed_kubeadm_says_so() -> None:
    module = FakeModule()
    module.get_bin_path = lambda *_a, **_k: "/usr/local/bin/kubeadm"  # type: ignore[attr-defined]
    module.run_command = lambda *_a, **_k: (-9, "[certs] Generating\n", "")  # type: ignore[attr-defined]
    node = run.Node(t.cast(t.Any, module))
    with pytest.raises(SystemExit, match=r"(?s)killed by signal 9 \(SIGKILL\).*\[certs\] Generating.*ansible-playbook onprem.wandb.kubernetes"):
        node.kubeadm(k.INIT, "init")


def test_the_token_is_a_secret_that_expires_and_does_not_sign() -> None:
    now = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.timezone.utc)
    body = kubeadm_token.secret("abcdef.0123456789abcdef", 600, "join of node1", now)
    data = body["stringData"]
    assert body["metadata"]["name"] == "bootstrap-token-abcdef"
    assert (data["token-id"], data["token-secret"], data["expiration"]) == ("abcdef", "0123456789abcdef", "2026-11-23T12:10:00Z")
    assert "usage-bootstrap-signing" not in data
    json.dumps(body)
