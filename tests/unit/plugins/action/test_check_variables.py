# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""check_variables in a real run: what a role refuses before it does anything."""

from __future__ import annotations

import pathlib
from typing import Any

from ansible_collections.onprem.wandb.tests.unit.roles.role_value import ROLES, play

TASK = [{"name": "Check", "onprem.wandb.check_variables": {"role": "kubernetes"}}]


def run(directory: pathlib.Path, tasks: list[Any] | None = None, hosts: str = "node1", **variables: Any) -> tuple[int, str]:
    inventory = {"all": {"children": {"kube_control_plane": {"hosts": {"cp1": None}}, "kube_node": {"hosts": {hosts: None}}}}}
    return play(directory, inventory, tasks or TASK, [str(ROLES / "kubernetes/defaults/main.yml")], **variables)


def test_good_variables_pass(tmp_path: pathlib.Path) -> None:
    code, output = run(tmp_path, kubernetes_control_plane_endpoint="k8s.example.com:6443")
    assert code == 0 and "changed=0" in output, output


def test_every_problem_is_said_on_its_host(tmp_path: pathlib.Path) -> None:
    code, output = run(tmp_path, hosts="k8s_node1", kubernetes_control_plane_endpoint="192.0.2.1:6443")
    assert code == 2
    assert "k8s_node1: kubernetes_node_name is k8s_node1; expected lower-case letters" in output
    assert "endpoint: k8s.example.com:6443" in output and "Nothing was changed." in output


def test_a_variable_that_cannot_be_evaluated_is_named(tmp_path: pathlib.Path) -> None:
    code, output = run(tmp_path, kubernetes_control_plane_endpoint="{{ nowhere_defined }}")
    assert code == 2 and "kubernetes_control_plane_endpoint cannot be evaluated" in output


def test_a_role_without_rules_is_named(tmp_path: pathlib.Path) -> None:
    code, output = run(tmp_path, [{"onprem.wandb.check_variables": {"role": "kubernets"}}])
    assert code == 2 and "role is kubernets; expected one of kubernetes" in output
