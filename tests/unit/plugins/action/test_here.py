# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module of the controller says the same in Ansible's own process and as a module; anywhere else it is a module."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import typing as t

import yaml

SECRET = "s3cretOfTheSite"
CERTIFICATES = {"directory": "{{ playbook_dir }}/certs", "requests": [{"name": "redis", "hosts": ["redis.test"]}], "ca_days": 365}
STORE = {"endpoint": "https://127.0.0.1:1", "root_user": "root", "root_password": SECRET, "bucket": "b", "access_key": "key", "secret_key": SECRET}
TASKS: dict[str, dict[str, t.Any]] = {
    "kube_apply": {"kubeconfig": "{{ playbook_dir }}/none", "objects": []},
    "wandb_instance_info": {"kubeconfig": "{{ playbook_dir }}/none", "checks": ["operator"]},
    "certificate_set": CERTIFICATES,
    "minio_account": {**STORE, "policy_name": "p", "policy": {}, "timeout": 0},
    "s3_bucket_check": {"endpoint": "https://127.0.0.1:1", "bucket": "bucket", "access_key": "key", "secret_key": SECRET, "timeout": 1, "region": SECRET},
}
OWN = {"invocation", "exception", "elapsed", "warnings", "deprecations"}  # what the way adds


def play(**others: t.Any) -> dict[str, t.Any]:
    tasks: list[dict[str, t.Any]] = [{f"onprem.wandb.{name}": args, "register": name, "ignore_errors": True, **others} for name, args in TASKS.items()]
    content = "{{ dict(names | zip(names | map('extract', vars))) | to_json }}"
    tasks.append({"ansible.builtin.copy": {"content": content, "dest": "{{ playbook_dir }}/results.json"}, "check_mode": False})
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "names": list(TASKS)}
    return {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": tasks}


def run(directory: pathlib.Path, **others: t.Any) -> tuple[dict[str, dict[str, t.Any]], str]:
    (directory / "play.yml").write_text(yaml.safe_dump([play(**others)]), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", str(directory / "play.yml"), "-i", "localhost,", "-vvv", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (directory / "results.json").is_file(), done.stdout + done.stderr
    return json.loads((directory / "results.json").read_text(encoding="utf-8")), done.stdout + done.stderr


def test_both_ways_say_the_same(tmp_path: pathlib.Path) -> None:
    here, said = run(tmp_path)
    module, heard = run(tmp_path, environment={"ANY": "other"})
    assert SECRET not in said.replace(f"region: {SECRET}", "")
    for name in TASKS:
        assert f"AnsiballZ_{name}" in heard and f"AnsiballZ_{name}" not in said
        assert told(here[name]) == told(module[name])


def told(result: dict[str, t.Any]) -> str:
    """A result without what the way adds; times and sizes differ from call to call."""
    return re.sub(r"\d+(\.\d+)?", "0", json.dumps({key: value for key, value in result.items() if key not in OWN}))
