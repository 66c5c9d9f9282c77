# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a playbook was called: nothing is left out without a word."""

from __future__ import annotations

import json
import pathlib
import shlex
import subprocess
import sys

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.plugin_utils import _call

TOP = pathlib.Path(__file__).parents[4]
GROUPS = {"all": ["cp1", "node1", "node2"], "kube_control_plane": ["cp1"], "kube_node": ["node1", "node2"]}
HERE = "localhost"
INVENTORY = {
    "kube_control_plane": {"hosts": {"cp1": {}}},
    "kube_node": {"hosts": {"node1": {"kubernetes_node_name": "worker"}, "node2": {}}},
    "other": {"hosts": {"printer": {"ansible_host": "127.0.0.1", "ansible_port": 9}}},
}


@pytest.mark.parametrize(
    ("limit", "names"),
    [
        ("", ["cp1", "node1", "node2"]),
        ("all:!node2", ["cp1", "node1"]),
        ("localhost,all,!node2", ["cp1", "node1"]),
        ("kube_node:&node1", ["node1"]),
        ("@site.retry", ["cp1", "node1", "node2"]),
    ],
)
def test_what_a_limit_leaves(limit: str, names: list[str]) -> None:
    assert _call.chosen(GROUPS, limit) == names


@pytest.mark.parametrize(
    ("tags", "skipped", "limit", "words"),
    [
        (["all"], [], "", ""),
        (["all"], [], "localhost,all,!node2", ""),
        (["all"], [], "all:!node2", "--limit 'localhost,all,!node2'"),
        (["mysql"], [], "", "ansible-playbook onprem.wandb.mysql -i <inventory>"),
        (["database"], [], "", "ansible-playbook onprem.wandb.site -i <inventory>"),
        (["all"], ["mysql"], "", "--skip-tags mysql is asked for"),
        (["all"], ["notest", "molecule-notest"], "", ""),
    ],
)
def test_what_would_be_left_out(tags: list[str], skipped: list[str], limit: str, words: str) -> None:
    found = _call.problem(tags, skipped, limit, GROUPS, "site")
    assert bool(found) is bool(words) and words in found


@pytest.mark.parametrize(
    "limit",
    ["all:!node2", "!node2", "!node2:!node1", "kube_control_plane:kube_node", "kube_node:&node1", "&kube_node", "localhost,kube_node,&node1", "node1"]
    + ["all:!localhost", "kube_node[0]", "node*", "~node[12]"],
)
def test_the_limit_that_is_printed_leaves_what_was_meant_and_this_machine(limit: str) -> None:
    """Beside a comma a colon is part of a name, an exclusion alone means "all without", and an intersection takes localhost out."""
    said = _call.problem(["all"], [], limit, GROUPS, "site")
    (_limit, printed) = shlex.split(said.partition("-i <inventory> ")[2])
    assert _call.chosen(GROUPS, printed) == _call.chosen(GROUPS, limit), printed
    assert not _call.problem(["all"], [], printed, GROUPS, "site"), printed


def test_a_limit_out_of_a_file(tmp_path: pathlib.Path) -> None:
    """ansible-playbook writes such files (retry_files_enabled)."""
    (tmp_path / "site.retry").write_text("localhost\nnode1\n", encoding="utf-8")
    limit = f"@{tmp_path}/site.retry"
    assert _call.chosen(GROUPS, limit) == ["node1"] and not _call.problem(["all"], [], limit, GROUPS, "site")
    (tmp_path / "site.retry").write_text("node1\n", encoding="utf-8")
    assert f"--limit localhost,{limit}" in _call.problem(["all"], [], limit, GROUPS, "site")


def test_a_controller_that_is_in_the_inventory() -> None:
    assert not _call.problem(["all"], [], "all:!node2", {**GROUPS, "all": [*GROUPS["all"], "localhost"]}, "site")


def playbook(folder: pathlib.Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "hosts.json").write_text(json.dumps({"all": {"children": INVENTORY}}), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", name, "-i", str(folder / "hosts.json"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP)


@pytest.mark.parametrize(("name", "words"), [("site", ("--tags", "mysql")), ("wandb", ("--limit", "all:!node2")), ("addons", ("--tags", "x"))])
def test_the_run_ends_with_a_sentence(tmp_path: pathlib.Path, name: str, words: tuple[str, ...]) -> None:
    """FC-38, FC-06: an empty recap and a zero. No host is asked, the one that is not ours and cannot be reached neither (FC-05)."""
    done = playbook(tmp_path, f"playbooks/{name}.yml", *words)
    assert done.returncode == 2 and "Next: ansible-playbook onprem.wandb." in done.stdout and "unreachable=1" not in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted((TOP / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_every_playbook_looks_how_it_was_called(path: pathlib.Path) -> None:
    """Before all else, in the first of its plays that every call has."""
    play = next(play for play in yaml.safe_load(path.read_text(encoding="utf-8")) if play.get("hosts", HERE) != HERE)
    first = [*play.get("pre_tasks", []), *play.get("tasks", [])][0]
    assert first.get("ansible.builtin.import_tasks") == "tasks/called.yml" and first["vars"]["called_as"] == path.stem


@pytest.mark.parametrize("name", ["hosts", "mysql_failover", "reset", "verify"])
def test_tags_are_refused(tmp_path: pathlib.Path, name: str) -> None:
    """Nothing ran, and the end was a zero: no failover, and no row of verify that fails."""
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
    groups = {group: {"hosts": {group: here}} for group in ("kube_control_plane", "mysql")}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"children": groups}}), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", f"playbooks/{name}.yml", "-i", str(tmp_path / "hosts.json"), "--tags", "x"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP)
    assert done.returncode == 2 and f"Next: ansible-playbook onprem.wandb.{name} -i <inventory>" in " ".join(done.stdout.split()), done.stdout + done.stderr


def test_a_layer_alone_may_be_limited_to_some_of_its_hosts(tmp_path: pathlib.Path) -> None:
    """Nothing is done from the controller there."""
    done = playbook(tmp_path, "playbooks/verify.yml", "--limit", "node1")
    assert "leaves this machine out" not in done.stdout + done.stderr
    # Its second half is W&B's, from here: refused before the first one has made a key.
    rotate = yaml.safe_load((TOP / "playbooks/minio_rotate_key.yml").read_text(encoding="utf-8"))[0]
    assert "called_here" not in rotate["tasks"][0]["vars"]


def test_names_of_the_nodes_that_are_left(tmp_path: pathlib.Path) -> None:
    """FC-06: the pod network waited for the dead one. A name that the site gives counts."""
    tasks = [{"ansible.builtin.debug": {"msg": "nodes {{ query('onprem.wandb.nodes') | join('+') }}"}}]
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    assert "nodes cp1+worker+node2" in playbook(tmp_path, str(tmp_path / "play.yml")).stdout
    assert "nodes cp1+worker\n" in playbook(tmp_path, str(tmp_path / "play.yml"), "--limit", "localhost,all,!node2").stdout.replace('"', "")


@pytest.mark.parametrize("name", ["preflight", "verify", "reset", "minio_backup", "minio_restore"])
def test_a_host_that_is_not_the_sites_is_left_alone(tmp_path: pathlib.Path, name: str) -> None:
    """FC-05: every run ended with a bastion or switch that nobody answers for, and reset deleted on it."""
    other = {"all": {"children": {"other": INVENTORY["other"]}}}
    (tmp_path / "other.json").write_text(json.dumps(other), encoding="utf-8")
    words = json.dumps({"site_name": "x", "op_confirm": "x", "wandb_fqdn": "wandb.example.com", "site_secrets_dir": str(tmp_path / "kept")})
    command = [sys.executable, "-m", "ansible", "playbook", f"playbooks/{name}.yml", "-i", str(tmp_path / "other.json"), "-e", words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP)
    assert "PLAY RECAP" in done.stdout and "UNREACHABLE" not in done.stdout and "unreachable=1" not in done.stdout, done.stdout + done.stderr
