# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replaced key goes only when W&B's secret has the one that replaced it."""

from __future__ import annotations

import base64
import typing as t

import pytest
import yaml

from .role_value import ROLES, value

NAMES = {"minio_access_key": "wandbfiles2", "__minio_previous_access_key": "wandbfiles", "minio_kubeconfig": "/s/kubeconfig"}


def secret(key: str) -> dict[str, t.Any]:
    return {"resources": [{"data": {"ACCESS_KEY": base64.b64encode(key.encode()).decode()}}]}


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (secret("wandbfiles2"), ""),
        (secret("wandbfiles"), "W&B has the key wandbfiles by its secret"),
        (secret("another"), "W&B has the key another"),
        ({"resources": []}, "(no secret wandb-ext-bucket)"),
        ({"resources": [{"data": {}}]}, "(no secret wandb-ext-bucket)"),
    ],
)
def test_what_wandb_has_decides(answer: dict[str, t.Any], seen: str) -> None:
    problem = value("minio", "__minio_retire_problem", __minio_wandb_secret=answer, **NAMES)
    assert seen in problem and bool(seen) == bool(problem)
    assert not seen or "Next: ansible-playbook onprem.wandb.wandb" in problem


def test_a_cluster_that_cannot_be_asked() -> None:
    told = value("minio", "__minio_retire_unknown", **NAMES)
    assert "the user wandbfiles stays. Nothing was changed. Next: kubectl --kubeconfig /s/kubeconfig" in told


def test_nothing_is_removed_before_wandb_was_asked() -> None:
    block = next(task for task in yaml.safe_load((ROLES / "minio/tasks/retire.yml").read_text()) if "block" in task)["block"]
    names = [task["name"] for task in block]
    assert names.index("Ask W&B which key it has") < names.index("Refuse a key that W&B uses") < names.index("Declare that it is gone")
    asked = block[names.index("Ask W&B which key it has")]
    assert asked["rescue"][0]["ansible.builtin.fail"] and asked["block"][0]["no_log"] is True
