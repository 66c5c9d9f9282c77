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


SITE = {"site_name": "x", "wandb_fqdn": "wandb.example.com"}


def on_all(*roles: str) -> list[Any]:
    return [{"name": "Check", "onprem.wandb.check_variables": {"roles": list(roles)}, "run_once": True}]


def test_a_playbook_asks_once_for_all_of_its_hosts(tmp_path: pathlib.Path) -> None:
    code, output = run(tmp_path, on_all("containerd", "kubernetes"), **SITE, kubernetes_control_plane_endpoint="k8s.example.com:6443")
    assert code == 0 and "changed=0" in output, output


def test_the_argument_specs_refuse_with_preflights_words(tmp_path: pathlib.Path) -> None:
    wrong: dict[str, Any] = {"kubernetes_kubelet_config_overrides": "none", "containerd_registry_mirrors": 5}
    good = {**SITE, "kubernetes_control_plane_endpoint": "k8s.example.com:6443"}
    code, output = run(tmp_path, on_all("containerd", "kubernetes"), **good, **wrong)
    flat = " ".join(output.split())
    assert code == 2 and 'kubernetes_kubelet_config_overrides is "none"; expected' in flat and "containerd_registry_mirrors is 5; expected" in flat, output
    assert "Next: ansible-playbook onprem.wandb.preflight" in flat and "Nothing was changed." in flat


def test_a_role_that_does_not_run_is_not_judged(tmp_path: pathlib.Path) -> None:
    code, output = run(tmp_path, on_all("containerd"), **SITE, kubernetes_kubelet_config_overrides="none")
    assert code == 0, output


def test_roles_that_do_not_exist_are_named(tmp_path: pathlib.Path) -> None:
    code, output = run(tmp_path, on_all("kubernets"), site_name="x")
    assert code == 2 and "roles has kubernets; expected some of" in " ".join(output.split())


def test_a_layer_works_without_what_only_the_site_needs(tmp_path: pathlib.Path) -> None:
    code, output = run(tmp_path, on_all("containerd"))
    assert code == 0, output
