# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several measuring modules in one call: each answers as it would alone, and none can spoil the others' answers."""

from __future__ import annotations

import importlib
import json
import pathlib
import re
import socket
import typing as t

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.onprem.wandb.plugins.module_utils._host import facts
from ansible_collections.onprem.wandb.plugins.module_utils._work import several
from ansible_collections.onprem.wandb.plugins.modules import measurements

TOP = pathlib.Path(__file__).parents[5]
ASKING = ("roles/verify/vars/main.yml", "plugins/plugin_utils/_verify/pod_network.py", "roles/accept/tasks/main.yml")
SECRET = "s3cretOfTheSite"


def call(capsys: pytest.CaptureFixture[str], checks: dict[str, t.Any]) -> dict[str, t.Any]:
    with patch_module_args({"checks": checks}), pytest.raises(SystemExit):
        measurements.main()
    return t.cast("dict[str, t.Any]", json.loads(capsys.readouterr().out))


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_each_answers_as_alone(capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path) -> None:
    found = call(
        capsys,
        {
            "mirror": {"module": "onprem.wandb.minio_backup_info", "args": {"path": str(tmp_path / "none")}},
            "host": {"module": "onprem.wandb.preflight_facts", "args": {"paths": [str(tmp_path)]}},
            "wrong": {"module": "onprem.wandb.redis_check", "args": {"port": "many"}},
            "fails": {"module": "onprem.wandb.cluster_info", "args": {"kubeconfig": str(tmp_path / "none")}},
            "broken": {"module": "onprem.wandb.no_such_module"},
        },
    )
    answers = found["measurements"]
    assert list(answers) == ["mirror", "host", "wrong", "fails", "broken"]
    assert not found["changed"] and "failed" not in found
    assert answers["mirror"]["mirror"] and answers["host"]["measured"]["disks"][0]["path"] == str(tmp_path)
    assert answers["wrong"]["failed"] and "host" in answers["wrong"]["msg"]
    assert answers["fails"]["failed"] and str(tmp_path / "none") in answers["fails"]["msg"]
    assert answers["broken"]["failed"]


def test_no_secret_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    args = {"host": "127.0.0.1", "port": closed_port(), "password": SECRET, "server_name": SECRET, "report_only": True, "timeout": 1}
    good = {"module": "onprem.wandb.redis_check", "args": args}
    bad = {"module": "onprem.wandb.redis_check", "args": {**args, "port": SECRET}}
    assert SECRET not in json.dumps(call(capsys, {"good": good, "bad": bad}))


def test_what_is_measured_is_sent_along_and_is_what_the_module_does() -> None:
    """AnsiballZ sends what is imported; a module that is asked for and not among them would be missing on the host."""
    text = pathlib.Path(several.__file__).read_text(encoding="utf-8")
    sent = re.findall(r"^        (\w+),$", text, re.MULTILINE)
    asked = {name for path in ASKING for name in named(TOP / path)}
    assert sent == sorted(asked)
    for name in sorted(path.stem for path in pathlib.Path(several.__file__).parent.glob("*.py") if path.stem not in ("__init__", "several", "alone")):
        module = importlib.import_module(f"ansible_collections.onprem.wandb.plugins.modules.{name}")
        assert module.SPEC is importlib.import_module(f"ansible_collections.onprem.wandb.plugins.module_utils._work.{name}").SPEC


def named(path: pathlib.Path) -> list[str]:
    return re.findall(r"""module["']?: ["']?onprem\.wandb\.(\w+)""", path.read_text(encoding="utf-8"))


def test_facts_are_those_of_a_play_that_runs_alone() -> None:
    task = yaml.safe_load((TOP / "playbooks/tasks/facts.yml").read_text(encoding="utf-8"))[0]["ansible.builtin.setup"]
    assert (task["gather_subset"], task["filter"]) == (facts.SUBSET, facts.FILTER)
