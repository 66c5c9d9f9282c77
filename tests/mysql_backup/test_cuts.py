# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A restore is cut before, in and after each of its steps, with the power of a host in between, and the same command finishes it.

Whatever was cut: the next run ends with one server that takes writes and holds the target's rows; what was written after it was opened stays.
Short form: the cuts that once had no way out. LONG=1: each step, killed and with either host's power cut.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading

import pytest
from backup_site import TOP, Site, until

PROGRAM = "/usr/local/sbin/mysql-backup"
STATE = "/var/lib/onprem-wandb/mysql-backup"
# In the order of the playbook. Killed when a task begins: after the one before, before or in this one.
TASKS = [
    "Bring what is not yet in the repository",
    "Plan",
    "Restore beside the data, while the server goes on and is shipped",
    "Let backups wait",
    "Stop the server that takes writes",
    "Stop the servers",
    "Put the restored data in place",
    "Start the restored server, read-only",
    "Open it as the primary",
    "Note that it is done",
    "Move the data of the other host out of the way",
    "Begin a full backup of the restored server",
]
# The program itself, just before its so-manieth change of the disk: command, number.
CHANGES = [
    ("prepare", 5),
    ("prepare", 60),
    ("hold", 2),
    ("place", 3),
    ("place", 6),
    ("place", 9),
    ("place", 14),
    ("place", 20),
    ("finish", 2),
    ("set-aside", 4),
    ("set-aside", 6),
]
POWER = ["none", "primary", "standby"]
LONG = bool(os.environ.get("LONG"))
SHORT_TASKS = [("Start the restored server, read-only", "primary"), ("Move the data of the other host out of the way", "standby")]
SHORT_CHANGES = [("place", 9, "primary")]

# Runs the installed program with its own code, and kills it (SIGKILL) at one of its changes.
WRAPPER = """#!/usr/bin/python3
import os, shutil, signal, sys
sys.path.insert(0, '/usr/local/lib/onprem-wandb/mysql_backup/current')
left = [%d]
def watched(real):
    def call(*arguments, **named):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)
    return call
if sys.argv[1:2] == ['%s']:
    for module, name in ((os, 'rename'), (os, 'unlink'), (os, 'makedirs'), (os, 'chown'), (shutil, 'copy2')):
        setattr(module, name, watched(getattr(module, name)))
from mysql_backup.cli import main
sys.exit(main())
"""


def whole(site: Site) -> None:
    """A pair, and nothing of an earlier restore in the way."""
    site.play("mysql")
    site.primary()


def power_cut(site: Site, host: str) -> None:
    """The host is off at once, and boots again."""
    name = f"{site.state.name.removeprefix('.lab').removeprefix('-') or 'lab'}-{host}"
    environment = {**os.environ, "CONTAINERS_CONF": str(TOP / "lab/containers.conf")}
    for word in ("kill", "start"):
        subprocess.run(["podman", word, name], check=True, capture_output=True, env=environment)
    until(lambda: answers(site, host), 60)


def answers(site: Site, host: str) -> bool:
    try:
        return site.ssh(host, "systemctl is-active ssh || systemctl is-active sshd").strip() == "active"
    except AssertionError:
        return False


def broken_off(site: Site, to: str, task: str = "") -> str:
    """The playbook, killed when a task begins; without one to its end. What it printed."""
    words = {"op_confirm": "lab", "op_restore_to": to}
    command = ["ansible-playbook", "-i", str(site.inventory), "-e", json.dumps(words), str(TOP / "playbooks/mysql_restore.yml")]
    process = subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    watchdog = threading.Timer(600, lambda: os.killpg(process.pid, signal.SIGKILL))
    watchdog.start()
    said = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            said.append(line)
            if task and line.startswith("TASK [") and line.split("]")[0].endswith(": " + task):
                os.killpg(process.pid, signal.SIGKILL)
                break
        process.wait(60)
    finally:
        watchdog.cancel()
    return "".join(said)


def settled(site: Site) -> None:
    """What the killed controller had begun on the hosts comes to its end, or does not begin."""
    for host in ("db1", "db2"):
        until(lambda host=host: "mysql-backup" not in site.ssh(host, "pgrep -af '[m]ysql-backup (ship|plan|prepare|hold|place|finish|set-aside)' || true"), 120)


def writable(site: Site) -> list[str]:
    """Hosts that take writes now; one that cannot be asked takes none."""
    found = []
    for host in ("db1", "db2"):
        try:
            found += [host] if json.loads(site.backup(host, "restore-state"))["writable"] else []
        except AssertionError:
            continue
    return found


def finished(site: Site, to: str, before: dict[str, tuple[int, int]], primary: str) -> None:
    """Run again: one server, the target's rows, what was written after it was opened."""
    opened = [host for host in writable(site) if json.loads(site.backup(host, "restore-state"))["restored"].get("to") == to]
    opened += [host for host in writable(site) if json.loads(site.backup(host, "restore-state"))["stage"] == "opened" and host not in opened]
    for host in opened:
        site.sql(host, "CREATE TABLE IF NOT EXISTS since_then (id BIGINT PRIMARY KEY AUTO_INCREMENT)", "INSERT INTO since_then VALUES (), ()")
    said = broken_off(site, to)
    assert writable(site) == [primary], said[-4000:]
    sums = site.sums(primary)
    assert sums.pop("since_then", (0, 0))[0] == (2 if opened else 0), "what was written after the restore was opened is gone"
    assert sums == before, said[-4000:]
    site.sql(primary, "CREATE TABLE IF NOT EXISTS since_then (id BIGINT PRIMARY KEY AUTO_INCREMENT)", "INSERT INTO since_then VALUES ()")
    again = broken_off(site, to)
    assert "restored already" in again and "changed=0" in again and "changed=1" not in again, again[-4000:]
    assert site.sql(primary, "SELECT COUNT(*) FROM since_then")[0][0] == (3 if opened else 1)
    assert writable(site) == [primary]


@pytest.fixture
def target(site: Site) -> tuple[str, str, str, dict[str, tuple[int, int]]]:
    """A whole pair with a mistake in it: primary, standby, the moment before, its rows."""
    whole(site)
    primary, standby = site.primary(), site.standby()
    site.sql(primary, "DROP TABLE IF EXISTS since_then")
    site.fill(primary, 1)
    before, moment = site.sums(primary), site.now()
    site.sql(primary, "DELETE FROM drill_points")
    return primary, standby, moment, before


@pytest.mark.parametrize(("task", "power"), [(task, power) for task in TASKS for power in POWER] if LONG else SHORT_TASKS)
def test_the_controller_is_lost(site: Site, target: tuple[str, str, str, dict[str, tuple[int, int]]], task: str, power: str) -> None:
    primary, standby, moment, before = target
    broken_off(site, moment, task)
    if power == "none":
        settled(site)
    else:
        power_cut(site, primary if power == "primary" else standby)
        settled(site)
    finished(site, moment, before, primary)


@pytest.mark.parametrize(("command", "number", "power"), [(*change, power) for change in CHANGES for power in POWER] if LONG else SHORT_CHANGES)
def test_the_program_is_killed(site: Site, target: tuple[str, str, str, dict[str, tuple[int, int]]], command: str, number: int, power: str) -> None:
    primary, standby, moment, before = target
    for host in (primary, standby):
        site.ssh(host, f"cp -a {PROGRAM} /root/mysql-backup.real && cat > {PROGRAM}", stdin=WRAPPER % (number, command))
    try:
        said = broken_off(site, moment)
    finally:
        for host in (primary, standby):
            site.ssh(host, f"mv /root/mysql-backup.real {PROGRAM}")
    assert "Restore the database" in said
    if power != "none":
        power_cut(site, primary if power == "primary" else standby)
    finished(site, moment, before, primary)


def test_backups_at_work_do_not_stop_a_restore_and_are_stopped_before_a_server_is(site: Site, target: tuple[str, str, str, dict[str, tuple[int, int]]]) -> None:
    """The nightly full, the proof and the expiry run on the standby: frozen, so that none of them could end by itself."""
    primary, standby, moment, before = target
    frozen = f"systemctl start --no-block mysql-backup@full; for i in $(seq 600); do [ -e {STATE}/work/full ] && break; sleep 0.02; done; "
    site.ssh(standby, frozen + "systemctl kill -s STOP --kill-who=main mysql-backup@full")
    for step in ("verify", "expire"):
        site.ssh(standby, f"systemctl start --no-block mysql-backup@{step}")
    finished(site, moment, before, primary)
    until(lambda: json.loads(site.backup(standby, "status"))["steps"]["full"].get("started") == "", 60)


def test_a_backup_that_a_person_runs_is_not_killed_and_no_server_is_stopped(site: Site, target: tuple[str, str, str, dict[str, tuple[int, int]]]) -> None:
    primary, standby, moment, before = target
    site.ssh(standby, f"nohup flock {STATE}/.lock-work sleep 300 >/dev/null 2>&1 & echo $! > /run/holds")
    try:
        said = " ".join(site.play("mysql_restore", code=2, op_confirm="lab", op_restore_to=moment).split())
        assert "holds the lock" in said and "has not ended within" in said
        assert writable(site) == [primary] and site.ssh(standby, "systemctl is-active mysqld").strip() == "active"
        assert json.loads(site.backup(standby, "restore-state"))["stage"] == ""
    finally:
        site.ssh(standby, "pkill -P $(cat /run/holds); kill $(cat /run/holds) 2>/dev/null; true")
    finished(site, moment, before, primary)
