# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The measurements that the rows are tested with are what their producers give: the same keys, of the same types, as documented."""

from __future__ import annotations

import importlib
import json
import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import health
from ansible_collections.onprem.wandb.plugins.module_utils._work import mysql_replica_info
from ansible_collections.onprem.wandb.tests.unit.plugins.modules.mysql_look import looked
from ansible_collections.onprem.wandb.tests.unit.recorded import recording

TYPES: dict[str, tuple[type, ...]] = {"str": (str,), "bool": (bool,), "int": (int,), "float": (float, int), "dict": (dict,), "list": (list,)}


def documented(module: str) -> dict[str, t.Any]:
    """What a module says it returns."""
    return dict(yaml.safe_load(importlib.import_module(f"ansible_collections.onprem.wandb.plugins.modules.{module}").RETURN) or {})


def problems(found: t.Mapping[str, t.Any], known: t.Mapping[str, t.Any], path: str = "") -> list[str]:
    """Keys that are not documented, and values of another type."""
    wrong = []
    for key, value in found.items():
        entry, name = known.get(key), f"{path}{key}"
        if entry is None:
            wrong.append(f"{name} is not documented")
        elif value is not None and not isinstance(value, TYPES[entry["type"]]):
            wrong.append(f"{name} is {type(value).__name__}, documented as {entry['type']}")
        elif isinstance(value, dict) and "contains" in entry:
            wrong += problems(value, entry["contains"], f"{name}.")
        elif entry.get("elements") == "dict" and "contains" in entry:
            wrong += [text for number, one in enumerate(value) for text in problems(one, entry["contains"], f"{name}[{number}].")]
    return wrong


# Recording to the module that returned it.
MODULES = {
    "cluster_info": "cluster_info",
    "ingress_check": "ingress_check",
    "minio_backup_info": "minio_backup_info",
    "minio_info": "minio_info",
    "mysql_check": "mysql_check",
    "mysql_primary": "mysql_replica_info",
    "mysql_standby": "mysql_replica_info",
    "mysql_stopped": "mysql_replica_info",
    "redis_check": "redis_check",
    "s3_bucket_check": "s3_bucket_check",
    "wandb_instance_info": "wandb_instance_info",
}


def test_what_the_role_guard_keeps_is_told_without_its_password(tmp_path: pathlib.Path) -> None:
    """mysql_boot_without_peer stays on the host after its run."""
    path = tmp_path / "guard.json"
    params = {option: str(tmp_path / "none") for option, entry in mysql_replica_info.SPEC.items() if entry["type"] == "path"}
    params.update(guard_file=str(path), backup_accept_none=False, operation=None, journal_lines=0)
    for kept, expected in (({"boot_without_peer": True, "peer_password": "hidden"}, True), ({"boot_without_peer": False}, False), ({}, False)):
        path.write_text(json.dumps(kept), encoding="utf-8")
        told = mysql_replica_info.records(params)
        assert told["boots_without_peer"] is expected
        assert "hidden" not in json.dumps(told)


def returned(name: str) -> dict[str, t.Any]:
    return {key: value for key, value in recording.read(name).items() if key != "changed"}


@pytest.mark.parametrize(("name", "module"), MODULES.items())
def test_what_was_recorded_is_documented(name: str, module: str) -> None:
    assert problems(returned(name), documented(module)) == []


def test_every_recording_of_a_module_is_held_against_its_documentation() -> None:
    assert {name for name in recording.NAMES if not name.startswith("mysql_backup_")} == set(MODULES)


@pytest.mark.parametrize("module", ["ingress_check", "mysql_check", "redis_check", "s3_bucket_check"])
def test_no_question_is_made_up(module: str) -> None:
    told = documented(module)["probes"]["description"]
    text = told if isinstance(told, str) else " ".join(told)
    names = [one["name"] for one in recording.read(module)["probes"]]
    assert [name for name in names if name not in text.replace(",", " ").replace(".", " ").split()] == []


@pytest.mark.parametrize(("name", "recorded"), [("db1", "mysql_primary"), ("db2", "mysql_standby")])
def test_the_pair_on_paper_has_the_shape_of_the_real_one(name: str, recorded: str) -> None:
    """So that a key which the module no longer writes is noticed before the servers are asked again."""
    assert recording.shape(looked(name)) == recording.shape(recording.read(recorded))


def test_a_running_server_has_all_that_is_documented() -> None:
    assert set(documented("mysql_replica_info")) - set(returned("mysql_primary")) == {"problem"}  # only without a server
    assert "problem" in returned("mysql_stopped")


def test_the_health_of_the_store_is_what_is_made_of_its_answer() -> None:
    assert set(recording.read("minio_info")["health"]) == set(health.summary({}, 0, "wandb-files"))


def test_the_keys_of_the_mirror_are_those_that_are_declared() -> None:
    """Its program cannot import the collection."""
    assert set(recording.read("minio_backup_info")["mirror"]) == set(t.get_type_hints(health.Mirror))


def test_a_key_that_nobody_writes_is_found() -> None:
    known = documented("mysql_replica_info")
    assert problems({**looked("db1"), "last_success": "now"}, {**known, "changed": {"type": "bool"}}) == ["last_success is not documented"]
    wrong = {**looked("db1")["backup"], "last_verified": "now", "fulls": []}
    assert problems({"backup": wrong}, known) == ["backup.fulls is list, documented as int", "backup.last_verified is not documented"]
