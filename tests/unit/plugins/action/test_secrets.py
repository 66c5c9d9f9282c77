# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""secrets_look, secrets and the lookup secret in real runs: made once for all hosts, refused over a site that serves, nothing in check mode."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

TOP = pathlib.Path(__file__).resolve().parents[4]
HOSTS = "all: {vars: {ansible_connection: local, site_name: prod}, children: {redis: {hosts: {a: , b: }}}}\n"
SECRETS = {"directory": "{{ site_secrets_dir }}", "looked": "looked", "group": "redis", "accept_new": "{{ lost | default('') }}"}
SERVES = {"missing": ["redis_password"], "found": {"redis_password": "/etc/redis/auth.conf"}}
TASKS: list[dict[str, t.Any]] = [
    {"onprem.wandb.secrets_look": {"directory": "{{ site_secrets_dir }}", "names": ["redis_password", "redis_admin_password"]}, "register": "looked"},
    {"ansible.builtin.set_fact": {"looked": SERVES}, "when": "inventory_hostname in serves"},
    {"onprem.wandb.secrets": SECRETS},
    {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }}={{ lookup('onprem.wandb.secret', 'redis_password', directory=site_secrets_dir) }}"}},
]


def run(directory: pathlib.Path, *words: str, tasks: list[dict[str, t.Any]] | None = None, **variables: t.Any) -> tuple[int, str]:
    """A play with these tasks on two names of this machine."""
    (directory / "hosts.yml").write_text(HOSTS)
    (directory / "play.json").write_text(json.dumps([{"hosts": "redis", "gather_facts": False, "tasks": TASKS if tasks is None else tasks}]))
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / ".lab/collections"), "ANSIBLE_NOCOLOR": "true"}
    given = {"site_secrets_dir": str(directory / ".secrets"), "serves": [], "ansible_python_interpreter": sys.executable, **variables}
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "hosts.yml", "-e", json.dumps(given), *words, "play.json"]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_made_once_for_all_hosts(tmp_path):
    code, said = run(tmp_path)
    assert code == 0, said
    password = (tmp_path / ".secrets/redis_password").read_text().strip()
    assert f"a={password}" in said and f"b={password}" in said
    assert "changed=1" in said
    code, said = run(tmp_path)
    assert code == 0 and "changed=1" not in said and f"b={password}" in said


def test_check_mode_makes_nothing(tmp_path):
    code, said = run(tmp_path, "--check")
    assert code == 0, said
    assert "CheckModeMakesNoSecretsAtAll0000" in said
    assert not (tmp_path / ".secrets").exists()


@pytest.mark.parametrize("words", [(), ("--check",)])
def test_a_host_that_serves_gets_no_others(tmp_path, words):
    code, said = run(tmp_path, *words, serves=["b"])
    assert code != 0
    assert "b has /etc/redis/auth.conf. New ones would lock W&B out" in said
    assert not (tmp_path / ".secrets").exists()


def test_not_even_with_a_limit(tmp_path):
    code, said = run(tmp_path, "--limit", "a")
    assert code != 0 and "nobody can say whether b was set up with them" in said
    assert not (tmp_path / ".secrets").exists()


def test_lost_ones_are_given_up_by_the_sites_name(tmp_path):
    assert run(tmp_path, serves=["b"], lost="test")[0] != 0
    assert run(tmp_path, serves=["b"], lost="prod")[0] == 0
    assert (tmp_path / ".secrets/redis_password").exists()


def test_reading_one_that_is_not_there_says_what_makes_it(tmp_path):
    code, said = run(tmp_path, tasks=TASKS[3:])
    assert code != 0 and "Next: ls -l " in said and "ansible-playbook onprem.wandb.redis -i <inventory>" in said
    assert not (tmp_path / ".secrets").exists()


def test_judging_makes_nothing(tmp_path):
    judge = [*TASKS[:1], {"onprem.wandb.secrets": {**SECRETS, "judge_only": True}}]
    assert run(tmp_path, tasks=judge)[0] == 0
    assert not (tmp_path / ".secrets").exists()
    never_looked = [{"onprem.wandb.secrets": {**SECRETS, "names": ["ca-bundle.crt"], "judge_only": True}}]
    code, said = run(tmp_path, tasks=never_looked)
    assert code != 0 and "ca-bundle.crt is not in" in said and "nobody can say whether a, b were set up with it" in said


def test_a_secret_that_is_new_on_every_site_asks_nobody(tmp_path):
    new = [{"onprem.wandb.secrets": {"directory": "{{ site_secrets_dir }}", "names": ["minio_secret_key_wandbfiles2"]}}]
    assert run(tmp_path, "--limit", "a", tasks=new)[0] == 0
    assert (tmp_path / ".secrets/minio_secret_key_wandbfiles2").exists()
