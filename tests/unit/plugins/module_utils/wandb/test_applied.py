# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the resource is still what was applied last: only then nothing has to be applied."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._wandb import instance
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.release import LAST_APPLIED, applied
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.values import values_sha256
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.wandb import wandb_site as site

WANTED = {key: value for key, value in site.resource().items() if key != "status"}


def live(wanted: t.Any = WANTED) -> dict[str, t.Any]:
    found = copy.deepcopy(site.resource())
    found["metadata"].update(annotations={LAST_APPLIED: json.dumps(wanted)}, uid="1", resourceVersion="7")
    return found


def told(resource: dict[str, t.Any]) -> str:
    return str(instance._resource_facts(True, resource)["applied_sha256"])


def test_what_others_add_is_theirs() -> None:
    found = live()
    found["spec"]["values"]["console"]["operator"] = "adds"
    assert applied(found) == WANTED
    assert told(found) == values_sha256(WANTED)


def changed(found: dict[str, t.Any]) -> None:
    found["spec"]["chart"]["version"] = "0.0.1"


def removed(found: dict[str, t.Any]) -> None:
    del found["spec"]["values"]["app"]


def emptied(found: dict[str, t.Any]) -> None:
    found["spec"]["values"]["app"] = None


def relabelled(found: dict[str, t.Any]) -> None:
    found["metadata"]["annotations"][LAST_APPLIED] = json.dumps({**WANTED, "metadata": {"name": "wandb", "labels": {"a": "b"}}})


def never_applied(found: dict[str, t.Any]) -> None:
    del found["metadata"]["annotations"]


def broken(found: dict[str, t.Any]) -> None:
    found["metadata"]["annotations"][LAST_APPLIED] = "{"


@pytest.mark.parametrize("change", [changed, removed, emptied, relabelled, never_applied, broken])
def test_a_resource_that_is_not_so_is_applied(change: t.Callable[[dict[str, t.Any]], None]) -> None:
    found = live()
    change(found)
    assert told(found) == ""


def test_a_list_is_one_value() -> None:
    wanted = {"spec": {"hosts": ["a"]}}
    assert told({**live(wanted), "spec": {"hosts": ["a"]}}) == values_sha256(wanted)
    assert told({**live(wanted), "spec": {"hosts": ["a", "b"]}}) == ""
