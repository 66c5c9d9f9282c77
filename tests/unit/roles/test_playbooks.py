# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host that fails ends the run: Ansible leaves a dropped host out of all later plays, so layers would act on a part of a pair or a set."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml
from workshop.collection import load

PLAYBOOKS = pathlib.Path(__file__).resolve().parents[3] / "playbooks"
# Plays in which the others go on without a host, and why.
ALONE = {
    "accept.yml": "a report: a machine that cannot be asked is in each line of it",
    "mysql_status.yml": "shows what can be reached, above all when a host is gone",
    "mysql_failover.yml": "the old primary is gone; the plan is made of who answers",
    "mysql_switchover.yml": "the plan refuses a pair that is not whole, and says which host is missing",
    "mysql_rejoin.yml": "the plan decides with who answers",
    "mysql_degrade.yml": "the standby is gone; the plan decides with who answers",
    "mysql_undegrade.yml": "the plan decides with who answers",
    "mysql_restore.yml": "a host of the pair may be gone; the role refuses without old_primary_is_down",
    "mysql_backup.yml": "the standby or the primary does it, whichever can",
    "mysql_backup_verify.yml": "the standby or the primary does it, whichever can",
    "firewall.yml": "a report: it changes nothing, and each host has commands of its own",
    "storage_check.yml": "a report: what one machine sees is a line of it",
    "verify.yml": "a report: a host that cannot be measured is a line of it",
    "wandb.yml": "its first play asks the pair who is the primary: whoever answers is enough, and it changes nothing",
    "reset.yml": "takes down what can be reached; run again for the rest",
}


def plays() -> list[tuple[str, dict[str, t.Any]]]:
    return [(path.name, play) for path in sorted(PLAYBOOKS.glob("*.yml")) for play in yaml.safe_load(path.read_text()) if "hosts" in play]


@pytest.mark.parametrize(("name", "play"), plays())
def test_a_dropped_host_ends_the_run(name, play):
    if play["hosts"] != "localhost" and name not in ALONE:
        assert play.get("any_errors_fatal") is True, f"{name}: the play {play['name']!r} goes on without a host that failed"


def test_every_exception_is_a_playbook_that_needs_it():
    lenient = {name for name, play in plays() if play["hosts"] != "localhost" and play.get("any_errors_fatal") is not True}
    assert lenient == set(ALONE)


def test_what_goes_on_alone_comes_last_in_the_site():
    """What goes on without a host must not come before what acts on the hosts that are left."""
    listed = yaml.safe_load((PLAYBOOKS / "site.yml").read_text())
    imported = [play["ansible.builtin.import_playbook"] for play in listed if "ansible.builtin.import_playbook" in play]
    assert [name for name in imported if name in ALONE] == imported[-2:] == ["wandb.yml", "verify.yml"]


def test_every_play_on_the_controller_knows_the_directory_of_the_inventory() -> None:
    """The implicit localhost has none, and a site's variables of all hosts may be made of it, in keywords of the connection, too."""
    for path in sorted(PLAYBOOKS.glob("*.yml")):
        for play in yaml.safe_load(path.read_text(encoding="utf-8")):
            if play.get("hosts") == "localhost":
                assert "inventory_dir" in (play.get("vars") or {}), (path.name, play["name"])


def on_the_controller() -> list[tuple[str, dict[str, t.Any]]]:
    """Plays and tasks that run on this machine, with the variables that hold for them."""
    found = [(name, play) for name, play in plays() if play["hosts"] == "localhost"]
    for path in sorted(PLAYBOOKS.parent.glob("roles/*/tasks/*.yml")):
        found += [(str(path.relative_to(PLAYBOOKS.parent)), task) for task in tasks_of(load(path)) if task.get("delegate_to") == "localhost"]
    return found


def tasks_of(tasks: t.Any) -> t.Iterator[dict[str, t.Any]]:
    for task in tasks or []:
        yield task
        for key in ("block", "rescue", "always"):
            yield from tasks_of(task.get(key))


def test_nothing_on_the_controller_becomes_root_because_the_hosts_do() -> None:
    """FC-10: a variable wins over the keyword become, and who has one for the hosts has it in group_vars of all."""
    here = on_the_controller()
    assert len({name for name, _entry in here}) > 10
    assert [name for name, entry in here if (entry.get("vars") or {}).get("ansible_become") is not False] == []


@pytest.mark.parametrize(
    "how",
    [{"ansible_become": True, "ansible_become_user": "nobody", "ansible_become_exe": "/bin/false"}, {"ansible_connection": "ssh", "ansible_port": 9}],
    ids=["sudo", "ssh"],
)
def test_how_hosts_are_reached_is_not_how_this_machine_is(tmp_path: pathlib.Path, how: dict[str, t.Any]) -> None:
    """FC-10, FC-71: this machine's own sudo would refuse, and nobody listens at its port 9."""
    site = tmp_path / "site"
    (site / "group_vars").mkdir(parents=True)
    (site / "hosts.yml").write_text("all: {hosts: {printer: {ansible_connection: local}}}\n", encoding="utf-8")
    settings = {**how, "site_name": "x", "wandb_fqdn": "wandb.example.com"}
    (site / "group_vars/all.yml").write_text(yaml.safe_dump({**settings, "site_secrets_dir": str(tmp_path / "kept")}), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", str(PLAYBOOKS / "certificates.yml"), "-i", str(site), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PLAYBOOKS.parent)
    assert done.returncode == 0 and "failed=0" in done.stdout, done.stdout + done.stderr


def roles_without_validation(tasks: list[dict[str, t.Any]]) -> set[str]:
    asked = [task["ansible.builtin.import_role"] for task in tasks if "ansible.builtin.import_role" in task]
    return {role["name"].rpartition(".")[2] for role in asked if role.get("rolespec_validate") is False}


def checked(tasks: list[dict[str, t.Any]]) -> set[str]:
    return {role for task in tasks if task.get("ansible.builtin.import_tasks") == "tasks/variables.yml" for role in task["vars"]["called_roles"]}


def test_what_ansible_does_not_validate_the_playbook_does() -> None:
    """preflight and verify judge their own variables in their reports."""
    for path in sorted(PLAYBOOKS.glob("*.yml")):
        tasks = [task for play in yaml.safe_load(path.read_text()) for task in play.get("tasks") or []]
        assert roles_without_validation(tasks) - {"preflight", "verify"} == checked(tasks), path.name


def test_a_whole_run_says_that_it_asked_preflight() -> None:
    """Without the word each layer asks again."""
    listed = [play for play in yaml.safe_load((PLAYBOOKS / "site.yml").read_text()) if "ansible.builtin.import_playbook" in play]
    told = {play["ansible.builtin.import_playbook"] for play in listed if play.get("vars") == {"site_facts": "gathered"}}
    for path in sorted(PLAYBOOKS.glob("*.yml")):
        if path.name in {play["ansible.builtin.import_playbook"] for play in listed} and "tasks/variables.yml" in path.read_text():
            assert path.name in told, path.name
