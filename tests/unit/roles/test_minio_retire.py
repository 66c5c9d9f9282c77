# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replaced key goes only when W&B's secret has the one that replaced it."""

from __future__ import annotations

import base64
import datetime as dt
import time
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
    early = block[names.index("Refuse while URLs may be in use that W&B signed before it got the new key")]
    assert names.index(early["name"]) < names.index("Declare that it is gone")
    assert early["ansible.builtin.assert"]["that"].startswith("__minio_retire_early_given | length == 0")


def rotated(*hours: float) -> dict[str, t.Any]:
    """The file that names the key before, and the one that names the key."""
    return {"results": [{"stat": {"exists": True, "mtime": time.time() - each * 3600}} for each in hours]}


@pytest.mark.parametrize(("ages", "early"), [((30, 30), False), ((2, 2), True), ((30, 2), True)])
def test_the_day_begins_with_the_file_that_switches(ages: tuple[float, float], early: bool) -> None:
    """A rotation that was broken off between its two files, and went on a day later."""
    told = value("minio", "__minio_retire_early", __minio_rotated=rotated(*ages), **NAMES)
    assert bool(told) == early
    assert not early or ("was replaced 2.0 hours ago;" in told and "-i <inventory> in 22.0 hours. If" in told)


@pytest.mark.parametrize(
    ("made", "changed", "early"),
    [(90, [90], False), (90, [90, 30], False), (90, [90, 2], True), (90, [2, 90], True), (2, [], True), (90, [], False)],
)
def test_the_day_begins_when_wandb_got_the_key(made: float, changed: list[float], early: bool) -> None:
    """The second half of a rotation failed, and a later run gave the key to W&B: until then it signed with the old one."""

    def moment(hours: float) -> str:
        return (dt.datetime.now(dt.timezone.utc) - dt.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")

    metadata = {"creationTimestamp": moment(made), "managedFields": [{"manager": "a", "time": moment(each)} for each in changed]}
    answer = {"resources": [{**secret("wandbfiles2")["resources"][0], "metadata": metadata}]}
    told = value("minio", "__minio_retire_early_given", __minio_wandb_secret=answer, **NAMES)
    assert bool(told) == early
    assert not early or ("was changed 2.0 hours ago, and until then W&B signed with the key wandbfiles;" in told and "Next: ansible-playbook" in told)
