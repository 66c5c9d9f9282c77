# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it, against an API server on loopback."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.onprem.wandb.plugins.modules import kube_ready as module
from ansible_collections.onprem.wandb.tests.unit.plugins.module_utils.wandb import wandb_site as site

Run = t.Callable[..., tuple[int, dict[str, t.Any]]]
PATH = "/apis/apps/v1/namespaces/wandb/deployments/wandb-app"
APP = {"kind": "Deployment", "namespace": "wandb", "name": "wandb-app"}


@pytest.fixture(name="run")
def fixture_run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(**arguments: t.Any) -> tuple[int, dict[str, t.Any]]:
        with patch_module_args({"timeout": 0, **arguments}), pytest.raises(SystemExit) as ended:
            module.main()
        return int(str(ended.value.code)), json.loads(capsys.readouterr().out)

    return call


@pytest.fixture(name="api")
def fixture_api(tmp_path: pathlib.Path) -> t.Iterator[tuple[site.Api, str]]:
    documents = site.Api()
    documents.documents[PATH] = site.workload("wandb-app")
    with site.serve(documents) as (address, port):
        yield documents, site.kubeconfig(tmp_path, f"http://{address}:{port}")


def test_what_is_ready(run: Run, api: tuple[site.Api, str]) -> None:
    code, result = run(kubeconfig=api[1], workloads=[APP], nodes=[site.node()["metadata"]["name"]])
    assert (code, result["ready"], result["reachable"], result["problems"]) == (0, True, True, [])


def test_the_current_context_counts_and_not_the_first_cluster(run: Run, api: tuple[site.Api, str]) -> None:
    path = pathlib.Path(api[1])
    config = yaml.safe_load(path.read_text())
    config["clusters"].insert(0, {"name": "other", "cluster": {"server": "https://192.0.2.1:6443"}})
    path.write_text(yaml.safe_dump(config))
    assert run(kubeconfig=str(path), workloads=[APP])[0] == 0
    code, result = run(kubeconfig=str(path), context="elsewhere")
    assert code == 1
    assert "names a context 'elsewhere'" in result["msg"]


def test_what_is_not_ready_is_explained(run: Run, api: tuple[site.Api, str]) -> None:
    documents, kubeconfig = api
    documents.documents[PATH] = site.workload("wandb-app", availableReplicas=0)
    documents.documents["/api/v1/namespaces/wandb/pods"] = {"items": [site.pod("wandb-app", ready=False)]}
    code, result = run(kubeconfig=kubeconfig, workloads=[APP], nodes=["nobody"])
    assert code == 1
    assert "node nobody: the cluster does not know it" in result["msg"]
    assert "Deployment wandb/wandb-app: 0 of 1 pods are available" in result["msg"]
    assert "pod wandb-app-1 on node1, container main" in result["msg"]


def test_no_kubeconfig_is_said_at_once(run: Run, tmp_path: pathlib.Path) -> None:
    code, result = run(kubeconfig=str(tmp_path / "none"), workloads=[APP], timeout=300)
    assert code == 1
    assert "There is no kubeconfig" in result["msg"]
    code, result = run(kubeconfig=str(tmp_path / "none"), workloads=[APP], timeout=300, _ansible_check_mode=True)
    assert (code, result["reachable"], result["ready"]) == (0, False, False)


def test_who_may_not_look_is_told(run: Run, api: tuple[site.Api, str]) -> None:
    documents, kubeconfig = api
    documents.documents[PATH], documents.status[PATH] = {"message": "forbidden"}, 403
    code, result = run(kubeconfig=kubeconfig, workloads=[APP])
    assert code == 1
    assert "refuses to answer" in result["msg"]
