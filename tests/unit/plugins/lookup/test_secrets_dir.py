# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real runs of ansible-inventory and ansible-playbook: no secret becomes a host, and a site of an older version is told how to move."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._secrets import known

TOP = pathlib.Path(__file__).resolve().parents[4]
PASSWORD = "AbcdefghijklmnopqrstuvwxyzABCDEF"
HOSTS = "all: {vars: {ansible_connection: local}, children: {redis: {hosts: {store1: }}, minio: {hosts: {store1: }}}}\n"
SHOW = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: "{{ inventory_hostname }} {{ lookup('onprem.wandb.secrets_dir') }}"}
"""


def run(program: str, *words: str, directory: pathlib.Path) -> tuple[int, str]:
    """End and output of one of Ansible's programs, of the Python that runs the test."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    environment.update(ANSIBLE_COLLECTIONS_PATH=str(TOP / ".lab/collections"), ANSIBLE_NOCOLOR="true", ANSIBLE_LOCALHOST_WARNING="false")
    command = [str(pathlib.Path(sys.executable).parent / program), *words]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture(name="site")
def _site(tmp_path: pathlib.Path) -> pathlib.Path:
    site = tmp_path / "inventories/mysite"
    site.mkdir(parents=True)
    (site / "hosts.yml").write_text(HOSTS)
    (tmp_path / "other.yml").write_text("all: {hosts: {printer: }}\n")
    (tmp_path / "play.yml").write_text(SHOW)
    return site


def fill(directory: pathlib.Path) -> None:
    """Every file that a site keeps there, with one word each: what is read as an inventory becomes a host."""
    for name in known.FILES:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(PASSWORD + "\n")


WAYS = {
    "directory": ["-i", "inventories/mysite"],
    "file": ["-i", "inventories/mysite/hosts.yml"],
    "parent": ["-i", "inventories"],
    "several": ["-i", "inventories/mysite", "-i", "other.yml", "-i", "printer2,"],
    "ours last": ["-i", "other.yml", "-i", "inventories/mysite"],  # as molecule gives its own, which is empty, before ours
}


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_becomes_a_host(site, tmp_path, way):
    place = site.parent if way == "parent" else site
    fill(place / ".secrets")
    code, graph = run("ansible-inventory", *WAYS[way], "--graph", directory=tmp_path)
    assert code == 0 and "store1" in graph and PASSWORD not in graph
    code, said = run("ansible-playbook", *WAYS[way], "play.yml", directory=tmp_path)
    assert code == 0, said
    assert f"store1 {place}/.secrets" in said and PASSWORD not in said


@pytest.mark.parametrize("playbook", ["preflight", "redis", "certificates", "wandb"])
def test_an_old_site_is_refused_with_the_command_that_moves_it(site, tmp_path, playbook):
    """Nothing is generated, and no password is printed as a host, although ansible-inventory shows that it is one."""
    fill(site / "secrets")
    assert PASSWORD in run("ansible-inventory", *WAYS["directory"], "--graph", directory=tmp_path)[1]
    given = json.dumps({"site_name": "t", "wandb_fqdn": "wandb.example.com"})
    words = [*WAYS["directory"], "--check", "-e", given, str(TOP / f"playbooks/{playbook}.yml"), "--limit", "localhost,redis"]
    code, said = run("ansible-playbook", *words, directory=tmp_path)
    assert code != 0
    assert f"Next: mv {site}/secrets {site}/.secrets" in said
    assert not (site / ".secrets").exists()
    assert f"[{PASSWORD}]" not in said


@pytest.mark.parametrize("limit", [[], ["--limit", "store1"]], ids=["all", "one host"])
def test_preflight_refuses_a_host_with_the_name_of_a_secret(site, tmp_path, limit):
    """A limit leaves out the play of this machine, which looks before any host is named."""
    fill(site / ".secrets")
    playbook = str(TOP / "playbooks/preflight.yml")
    code, said = run("ansible-playbook", *WAYS["directory"], "-i", f"{PASSWORD},", "-i", "other.yml", playbook, *limit, directory=tmp_path)
    assert code != 0
    assert "has the content of" in said and f"{site}/.secrets/redis_password" in said
    assert PASSWORD not in said


def test_a_setting_inside_the_inventory_is_refused(site, tmp_path):
    code, said = run("ansible-playbook", *WAYS["directory"], "-e", f"site_secrets_dir={site}/keys", "play.yml", directory=tmp_path)
    assert code != 0 and "Ansible would read each password there as a host" in said
