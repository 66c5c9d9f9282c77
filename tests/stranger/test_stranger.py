# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first operator's way from README.md to a site, in the order in which one walks it: each test goes on from the one before (pytest -x)."""

from __future__ import annotations

import pathlib
import re

import first_page
import pytest
import yaml
from cases import CASES, alone
from conftest import BEYOND, OPERATIONS, README, TOP, Stranger, Watched
from judge import judge
from lablib.handover import DRIVE, OPERATOR
from tuesday import TUESDAY

INTERRUPT = TOP / "tests/tools/interrupt.py"
STAYS = "|".join(yaml.safe_load((TOP / "molecule/shared/vars/stays.yml").read_text(encoding="utf-8"))["molecule_stay_paths"])
# db2 is the standby.
MORTAL = [("db2", "mysqld"), ("store1", "redis-server"), ("store1", "minio"), ("node2", "containerd"), ("node2", "kubelet")]
BROKEN_OFF = [("kubernetes : Make it the control-plane node", "INT", 3), ("kubernetes : Make it a node of the cluster", "KILL", 1)]


def good(done: object, changed: bool | None = None) -> str:
    """The output of a run that ended well and warned of nothing. changed=False: and changed nothing."""
    output: str = done.output  # type: ignore[attr-defined]
    assert done.code == 0, output[-6000:]  # type: ignore[attr-defined]
    assert not done.warnings, "\n".join(done.warnings)  # type: ignore[attr-defined]
    if changed is False:
        assert "changed=0" in output
        assert not re.search(r"changed=[1-9]", output), output[-3000:]
    return output


def refused(done: object, words: str) -> str:
    """The output of a run that was refused with these words before anything changed."""
    output = " ".join(done.output.split())  # type: ignore[attr-defined]
    assert done.code != 0, output[-3000:]  # type: ignore[attr-defined]
    assert words in output, output[-3000:]
    assert not re.search(r"changed=[1-9]", output), output[-3000:]
    return output


def test_the_readme_installs_the_collection(stranger: Stranger, tarball: pathlib.Path) -> None:
    stranger.account.give(f"{stranger.place}/{tarball.name}", tarball.read_bytes(), 0o644)
    for command in first_page.install_commands(README):
        done = stranger.shell(command.replace("onprem-wandb-<version>.tar.gz", tarball.name), registry=True, seconds=600)
        assert done.code == 0, f"{command}: {done.output[-3000:]}"
    there = stranger.shell("ansible --version; python -c 'import sys; print(sys.prefix)'")
    assert "config file = None" in there.output, there.output
    assert str(stranger.account.home / "wandb-site/venv") in there.output


def test_the_inventory_is_filled_in_by_its_words_only(stranger: Stranger) -> None:
    stranger.fill_in()
    unnamed = set(stranger.set) - first_page.variables(README) - set(BEYOND)
    assert not unnamed, f"README.md's first page does not name {', '.join(sorted(unnamed))}, and beyond.yml has no reason for it"


def test_preflight_is_content(stranger: Stranger) -> None:
    good(stranger.play("onprem.wandb.preflight"), changed=False)


def test_check_mode_on_bare_hosts(stranger: Stranger) -> None:
    good(stranger.play("onprem.wandb.site --check"))
    assert not (stranger.account.home / stranger.site / ".secrets").exists()


def test_the_site(stranger: Stranger) -> None:
    good(stranger.play("onprem.wandb.site"))
    kept = stranger.account.home / stranger.site / ".secrets"
    assert kept.stat().st_mode & 0o777 == 0o700
    assert kept.stat().st_uid == stranger.account.uid
    for host, closed in stranger.closed.items():
        added = set(stranger.hosts.rules(host).splitlines()) - set(closed.splitlines())
        assert added, f"{host}: nothing was opened"
        assert not [line for line in added if "accept" in line and "onprem.wandb" not in line], host


def test_the_site_again(stranger: Stranger) -> None:
    good(stranger.play("onprem.wandb.site"), changed=False)


def test_verify(stranger: Stranger) -> None:
    good(stranger.play("onprem.wandb.verify"), changed=False)


@pytest.mark.parametrize("name", alone())
def test_check_mode_tells_the_plan_and_changes_nothing(stranger: Stranger, watched: Watched, name: str) -> None:
    """Of each playbook, on the finished site: hosts, cluster and the operator's own files are compared before and after."""
    case = CASES[name]
    words = "".join(f" -e {variable}='{value.format(site_name='firstsite')}'" for variable, value in case.variables.items())
    done = stranger.play(f"onprem.wandb.{name} --check --diff{words}")
    judge(name, case, done.code, done.output, watched.differences())


@pytest.mark.parametrize(("host", "process"), MORTAL)
def test_what_is_killed_comes_back_by_itself(stranger: Stranger, host: str, process: str) -> None:
    stranger.hosts.kill(host, process)


def test_verify_is_content_again(stranger: Stranger) -> None:
    good(stranger.play("onprem.wandb.verify"), changed=False)


@pytest.mark.parametrize("command", TUESDAY, ids=lambda command: command.split()[0])
def test_tuesday(stranger: Stranger, command: str) -> None:
    if command.startswith("mysql_failover"):
        # The primary dies: db2 since the switchover.
        stranger.hosts.on("db2", "systemctl kill --signal=KILL mysqld; systemctl stop mysqld")
    if command == "mysql_rejoin":
        stranger.hosts.on("db2", "systemctl start mysqld")
    good(stranger.play(f"onprem.wandb.{command.replace('<site_name>', 'firstsite')}"))


def test_a_run_that_is_broken_off_is_finished_by_the_next(stranger: Stranger) -> None:
    """The cluster is made bare; the run that makes it again is broken off twice; after a Tuesday. It ends with verify."""
    stranger.account.give(f"{stranger.place}/interrupt.py", INTERRUPT.read_bytes(), 0o644)
    good(stranger.play("onprem.wandb.reset -e op_confirm=firstsite --limit kube_control_plane:kube_node"))
    for task, signal, delay in BROKEN_OFF:
        done = stranger.shell(f"python interrupt.py --task '{task}' --signal {signal} --delay {delay} -- ansible-playbook onprem.wandb.site -i mysite")
        assert done.code == 0 and f"interrupt: SIG{signal}" in done.output, done.output[-3000:]
    good(stranger.play("onprem.wandb.site"))


def test_a_second_operator_without_the_secrets_is_refused(stranger: Stranger) -> None:
    """A clone of what the first one keeps in version control: all but .secrets."""
    done = stranger.shell("mkdir clone && cp -r mysite/* clone")
    assert done.code == 0, done.output
    assert not (stranger.account.home / stranger.place / "clone/.secrets").exists()
    for play in ("preflight", "site", "mysql"):
        refused(stranger.play(f"onprem.wandb.{play}", inventory="clone"), "set up with")
    assert not (stranger.account.home / stranger.place / "clone/.secrets").exists()


def test_a_second_operator_with_the_secrets_goes_on(stranger: Stranger) -> None:
    """The two commands of docs/operations.md, without what encrypts in between."""
    kept, back = re.findall(r"`(tar [^|`]+) \|[^`]*`", OPERATIONS)[0], re.findall(r"`[^`]*\| (tar -C [^|`]+ -x[^|`]*)`", OPERATIONS)[0]
    line = f"{kept.replace('<inventory>', 'mysite')} | {back.replace('<inventory>', 'clone')}"
    done = stranger.shell(line)
    assert done.code == 0, f"{line}: {done.output}"
    good(stranger.play("onprem.wandb.preflight", inventory="clone"), changed=False)
    good(stranger.play("onprem.wandb.mysql_status", inventory="clone"), changed=False)
    good(stranger.play("onprem.wandb.certificates", inventory="clone"), changed=False)


def test_reset(stranger: Stranger) -> None:
    refused(stranger.play("onprem.wandb.reset"), "Nothing was changed")
    good(stranger.play("onprem.wandb.reset -e op_confirm=firstsite"))
    for host in stranger.hosts.addresses:
        units = stranger.hosts.on(host, "systemctl is-active mysqld redis-server minio containerd kubelet", check=False).split()
        assert "active" not in units, f"{host}: {units}"
    # What sudo and Ansible keep in the home of the account that they were used with is the operator's.
    left = {
        host: sorted(path for path in stranger.hosts.files(host) - bare if not re.match(f"{STAYS}|/home/{OPERATOR}/", path))
        for host, bare in stranger.bare.items()
    }
    assert left == {host: [] for host in left}
    # What is the operator's is there as before: drive, firewall, sudo.
    assert stranger.hosts.on("store1", f"findmnt --noheadings --output FSTYPE {DRIVE}").strip() == "xfs"
    assert {host: stranger.hosts.rules(host) for host in stranger.closed} == stranger.closed
