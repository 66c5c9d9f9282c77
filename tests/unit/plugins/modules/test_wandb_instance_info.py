# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it: arguments in, JSON out."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.onprem.wandb.plugins.modules import wandb_instance_info as module
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.wandb import wandb_site as site


Run = t.Callable[[dict[str, t.Any]], tuple[int, dict[str, t.Any]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(arguments: dict[str, t.Any]) -> tuple[int, dict[str, t.Any]]:
        with patch_module_args(arguments), pytest.raises(SystemExit) as ended:
            module.main()
        return int(str(ended.value.code)), json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def api(tmp_path: t.Any) -> t.Iterator[tuple[site.Api, str]]:
    documents = site.Api()
    with site.serve(documents) as (address, port):
        yield documents, site.kubeconfig(tmp_path, f"http://{address}:{port}")


def test_looking_never_fails(run: Run, tmp_path: t.Any) -> None:
    code, result = run({"kubeconfig": str(tmp_path / "none")})
    assert code == 0
    assert (result["changed"], result["ready"], result["reachable"]) == (False, False, False)


def test_waiting_in_vain_fails_with_the_report_alone(run: Run, api: tuple[site.Api, str]) -> None:
    documents, kubeconfig = api
    documents.set_release("wandb", None)
    code, result = run({"kubeconfig": kubeconfig, "checks": ["resource", "release"], "wait": True, "wait_timeout": 0})
    assert code == 1
    assert result["failed"]
    assert "the operator has not installed the chart" in result["msg"]
    assert "problems" not in result and "operator" not in result
    assert "exception" not in result


def test_waiting_with_success(run: Run, api: tuple[site.Api, str]) -> None:
    code, result = run(
        {"kubeconfig": api[1], "checks": ["resource", "release", "workloads", "readiness", "operator"], "wait": True, "_ansible_check_mode": True}
    )
    assert code == 0, result
    assert result["ready"] and not result["changed"]


def test_the_documentation_is_yaml_and_names_what_is_returned(run: Run, api: tuple[site.Api, str]) -> None:
    returned = yaml.safe_load(module.RETURN)
    _code, result = run({"kubeconfig": api[1], "ingress_addresses": ["127.0.0.1"], "ingress_port": 1})
    assert set(result) - {"changed", "invocation"} <= set(returned)
    assert yaml.safe_load(module.DOCUMENTATION)["module"] == "wandb_instance_info"
