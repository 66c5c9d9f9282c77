# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows about our own object store, each broken."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify.model import Facts
from ansible_collections.onprem.wandb.plugins.plugin_utils._verify.rows import object_store
from ansible_collections.onprem.wandb.tests.unit.plugins.plugin_utils.verify.conftest import HEALTH, MIRROR


def results(facts):
    return {row.id: (row.result, row.measured) for rule in object_store.RULES for row in rule(facts)}


@pytest.fixture
def store():
    return Facts(
        groups={"minio": ["store1"]},
        hosts={"store1": {"minio_backup": {"mirror": dict(MIRROR)}}},
        controller={"minio": {"health": copy.deepcopy(HEALTH)}},
        settings={"minio_backup_host": "store1"},
    )


def test_a_good_store(store):
    assert {result for result, dummy in results(store).values()} == {"pass"}


BROKEN = [
    ("EX-17", {"servers_away": ["store4:9000"]}, "store4"),
    ("EX-17", {"drives_away": ["/mnt/disk1"]}, "/mnt/disk1"),
    ("EX-17", {"healing": ["/mnt/disk1"]}, "healing"),
    ("EX-17", {"drives": 0}, "0 drives"),
    ("EX-18", {"used_percent": 91.0}, "91.0"),
    ("EX-18", {"used_percent": None}, "None"),
    ("EX-18", {"bytes": 9 * 10**11}, "900.0 GB of 1000.0 GB"),
]


@pytest.mark.parametrize(("row", "change", "words"), BROKEN)
def test_each_row_fails(store, row, change, words):
    store.controller["minio"]["health"].update(change)
    found = results(store)
    assert found[row][0] == "fail"
    assert words in found[row][1]


@pytest.mark.parametrize(("change", "words"), [({"age_hours": 30.0}, "30.0 hours"), ({"problem": "disk full"}, "disk full"), ({"age_hours": None}, "no run")])
def test_the_mirror_fails(store, change, words):
    store.hosts["store1"]["minio_backup"]["mirror"].update(change)
    assert results(store)["EX-19"][0] == "fail"
    assert words in results(store)["EX-19"][1]


def test_what_cannot_be_measured_fails(store):
    store.controller.clear()
    store.hosts.clear()
    assert {result for result, dummy in results(store).values()} == {"fail"}


def test_no_mirror_and_somebody_elses_store(store):
    store.settings["minio_backup_host"] = ""
    assert results(store)["EX-19"][0] == "n.a."
    assert {result for result, dummy in results(Facts()).values()} == {"n.a."}
