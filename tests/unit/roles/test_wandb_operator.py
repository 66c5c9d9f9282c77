# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the role wandb calls Helm for the operator: one Ansible run, each case a host of it."""

from __future__ import annotations

import pathlib

import yaml
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.values import values_sha256

from .role_value import ROLES, play

WANTED = {"replicas": 1.0, "labels": {"a": [2.0, True, None]}, "name": "ü"}
STORED = {"labels": {"a": [2, True, None]}, "name": "ü", "replicas": 1}  # as Helm writes numbers, in an order of its own
CASES = {
    "same": (STORED, "1.4.8", False), "nothing": ({}, "1.4.8", True), "text": ({**STORED, "replicas": "1"}, "1.4.8", True),
    "chart": (STORED, "1.4.7", True),
}  # fmt: skip


def test_helm_is_called_for_other_values_and_not_for_its_own_numbers(tmp_path: pathlib.Path) -> None:
    hosts = {}
    for name, (stored, chart, expected) in CASES.items():
        release = {"status": "deployed", "chart": "operator", "chart_version": chart, "values_sha256": values_sha256(stored)}
        hosts[name] = {"expected": expected, "__wandb_seen": {"resource": {"known": True}, "operator": {"release": release}}}
    (tmp_path / "wanted.yml").write_text(yaml.safe_dump({"__wandb_operator_wanted": WANTED, "wandb_operator_chart_version": "1.4.8"}))
    asks = {"name": "Ask", "ansible.builtin.assert": {"that": "__wandb_operator_install == expected"}}
    files = [*(str(ROLES / f"wandb/{name}/main.yml") for name in ("defaults", "vars")), "wanted.yml"]
    code, output = play(tmp_path, {"all": {"hosts": hosts}}, [asks], files)
    assert code == 0 and output.count("failed=0") == len(CASES), output
