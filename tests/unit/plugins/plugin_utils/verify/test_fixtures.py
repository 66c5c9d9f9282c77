# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The measurements that the rows are tested with are what their producers give: the same keys, of the same types, as documented."""

from __future__ import annotations

import importlib
import typing as t

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import health
from ansible_collections.onprem.wandb.tests.unit.plugins.modules.mysql_look import looked
from ansible_collections.onprem.wandb.tests.unit.plugins.plugin_utils.verify import conftest as fixtures

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


@pytest.mark.parametrize("name", ["db1", "db2"])
def test_the_pair_is_as_its_module_looks_at_it(name: str) -> None:
    found = {key: value for key, value in looked(name).items() if key != "changed"}
    known = documented("mysql_replica_info")
    assert problems(found, known) == []
    assert set(known) - set(found) == {"problem"}  # only without a server
    assert {"db1": fixtures.PRIMARY, "db2": fixtures.REPLICA}[name].keys() == looked(name).keys()


@pytest.mark.parametrize(
    ("module", "measurement"),
    [("mysql_check", fixtures.MYSQL_CHECK), ("redis_check", fixtures.REDIS), ("minio_info", {"health": fixtures.HEALTH})],
)
def test_a_measurement_is_documented(module: str, measurement: dict[str, t.Any]) -> None:
    assert problems(measurement, documented(module)) == []


def test_the_health_of_the_store_is_what_is_made_of_its_answer() -> None:
    assert set(fixtures.HEALTH) == set(health.summary({}, 0, "wandb-files"))


@pytest.mark.parametrize(("module", "names"), [("redis_check", [one["name"] for one in fixtures.REDIS["probes"]]), ("s3_bucket_check", fixtures.BUCKET)])
def test_no_question_is_made_up(module: str, names: t.Sequence[str]) -> None:
    """The documentation lists the questions; a test of each module holds the list against the code."""
    text = " ".join(documented(module)["probes"]["description"])
    assert [name for name in names if name not in text.replace(",", " ").replace(".", " ").split()] == []


def test_a_key_that_nobody_writes_is_found() -> None:
    known = documented("mysql_replica_info")
    assert problems({**looked("db1"), "last_success": "now"}, {**known, "changed": {"type": "bool"}}) == ["last_success is not documented"]
    wrong = {**looked("db1")["backup"], "last_verified": "now", "fulls": []}
    assert problems({"backup": wrong}, known) == ["backup.fulls is list, documented as int", "backup.last_verified is not documented"]
