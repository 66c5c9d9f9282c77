"""The clock of the callback plugin layers."""

from __future__ import annotations

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._layers import Clock, layer_of, table


@pytest.mark.parametrize(
    ("role", "path", "layer"),
    [
        ("onprem.wandb.mysql", "/x/roles/mysql/tasks/main.yml:3", "mysql"),
        ("mysql", "/x/roles/mysql/tasks/main.yml:3", "mysql"),
        ("", "/x/playbooks/verify.yml:12", "verify"),
        ("", "", "site"),
    ],
)
def test_a_layer_is_a_role_or_else_a_playbook(role: str, path: str, layer: str) -> None:
    assert layer_of(role, path, "site") == layer


def clock() -> Clock:
    made = Clock(100.0)
    made.start("host", "a", 101.0)
    made.start("host", "b", 103.0)
    made.start("mysql", "c", 103.5)
    made.start("host", "d", 113.5)
    made.stop(114.0)
    return made


def test_seconds_run_from_the_start_of_a_task_to_the_start_of_the_next() -> None:
    assert clock().layers() == [{"layer": "host", "seconds": 3.0, "tasks": 3}, {"layer": "mysql", "seconds": 10.0, "tasks": 1}]
    assert clock().report()["seconds"] == 14.0
    assert [task["seconds"] for task in clock().report()["each"]] == [2.0, 0.5, 10.0, 0.5]


def test_the_table_has_a_row_per_layer_and_a_sum() -> None:
    lines = table(clock()).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["LAYER", "host", "mysql", "all"]
    assert lines[-1].split() == ["all", "14.0", "4"]
