# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint on two real hosts: where the address is, when, and never twice.

LAB_NAME=vip LAB_NET=198.18.41.0/24 lab/lab up --hosts db1,db2; certificates.yml, hosts.yml, mysql.yml; LAB_NAME=vip pytest tests/mysql/endpoint
The last tests take the pair apart and kill a host: take the lab down afterwards. Figures are printed with -s.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
import typing as t

import pymysql
import pytest

from .lab import TESTER, Lab, podman, until

SWAPS = 20
OTHER = {"db1": "db2", "db2": "db1"}
PID = "$(systemctl show --property MainPID --value %s)"


@pytest.fixture(scope="module")
def lab() -> t.Iterator[Lab]:
    """The pair as mysql.yml left it, with an account that may fence."""
    found = Lab(os.environ["LAB_NAME"])
    table = "CREATE TABLE IF NOT EXISTS wandb_local.endpoint_test (id BIGINT AUTO_INCREMENT PRIMARY KEY, at DOUBLE)"
    found.root("db1", f"CREATE USER IF NOT EXISTS {TESTER}@'%' IDENTIFIED BY '{found.password}'", f"GRANT ALL ON *.* TO {TESTER}@'%'", table)
    assert found.where() == ["db1"]
    yield found
    for holder in found.holders.values():
        holder.close()


def comes_back(lab: Lab, what: str, act: t.Callable[[], t.Any], limit: float, patience: float = 60) -> None:
    """The address goes within the limit and comes back with a writable server behind it; seconds."""
    began = time.time()
    act()
    dropped = until(lambda: lab.holders["db1"].last(False, began), limit + 1, f"the drop after {what}") - began
    until(lab.write, patience, f"a write after {what}")
    print(f"{what:32} address gone after {dropped:.3f} s, written again after {time.time() - began:.3f} s")
    assert dropped < limit
    assert lab.where() == ["db1"] and lab.both() == 0


@pytest.mark.parametrize(
    ("what", "command", "limit"),
    [
        ("mysqld: kill -9", "kill -9 $(pidof mysqld)", 1),
        ("keepalived: kill -9", "kill -9 " + PID % "mysql-endpoint", 1.5),
        ("keepalived, all: kill -9", "kill -9 $(cat /run/mysql-endpoint/*.pid)", 1),
        ("watcher: kill -9", "kill -9 " + PID % "mysql-writable", 1),
        ("watcher: hangs", "kill -STOP " + PID % "mysql-writable", 15),
        ("mysqld: hangs", "kill -STOP $(pidof mysqld); (sleep 4; kill -CONT $(pidof mysqld)) >/dev/null 2>&1 &", 3),
        ("endpoint: restart", "systemctl restart mysql-endpoint", 1),
        ("mysqld: restart", "systemctl restart mysqld", 1),
    ],
)
def test_a_failure_on_the_primary(lab: Lab, what: str, command: str, limit: float) -> None:
    comes_back(lab, what, lambda: lab.run("db1", command), limit)


def test_a_reload_keeps_the_address(lab: Lab) -> None:
    before = len(lab.holders["db1"].events)
    lab.run("db1", "systemctl reload mysql-endpoint && systemctl is-active mysql-endpoint mysql-writable")
    time.sleep(2)
    assert len(lab.holders["db1"].events) == before and lab.write() == lab.addresses["db1"]


def test_commits_that_wait_for_the_standby_do_not_move_the_address(lab: Lab) -> None:
    lab.sql("db2", "STOP REPLICA IO_THREAD")
    waiting = threading.Thread(target=lab.write)
    waiting.start()
    before = len(lab.holders["db1"].events)
    time.sleep(3)
    assert waiting.is_alive() or lab.where() == ["db1"]
    assert len(lab.holders["db1"].events) == before
    lab.sql("db2", "START REPLICA IO_THREAD")
    waiting.join()


def test_a_full_server_keeps_the_address(lab: Lab) -> None:
    sessions: list[t.Any] = []
    lab.sql("db1", "SET GLOBAL max_connections = 20")
    try:
        with pytest.raises(pymysql.err.OperationalError, match="Too many connections"):
            while True:
                sessions.append(pymysql.connect(host=lab.endpoint, user="wandb_local", password=lab.password, read_timeout=30))
        before = len(lab.holders["db1"].events)
        time.sleep(2)
        assert len(lab.holders["db1"].events) == before
    finally:
        for session in sessions:
            session.close()
        lab.sql("db1", "SET GLOBAL max_connections = 1000")


def test_a_fenced_primary_loses_it_and_nobody_gets_it(lab: Lab) -> None:
    began = lab.close("db1")
    assert until(lambda: lab.holders["db1"].last(False, began), 2, "the drop") - began < 1
    time.sleep(5)
    assert lab.where() == [] and lab.write() == ""
    lab.open("db1")
    until(lab.write, 5, "a write")


def test_the_address_follows_the_primary(lab: Lab) -> None:
    """From here on the two replicate no more."""
    lab.sql("db2", "STOP REPLICA", "RESET REPLICA ALL", "SET GLOBAL rpl_semi_sync_replica_enabled = OFF")
    lab.sql("db1", "SET GLOBAL rpl_semi_sync_source_enabled = OFF")
    here, times = "db1", []
    for _number in range(SWAPS):
        there = OTHER[here]
        fenced = lab.close(here)
        opened = lab.open(there)
        assert until(lab.write, 10, "a write") == lab.addresses[there]
        written = time.time()
        times.append((written - opened, lab.holders[here].last(False, fenced) - fenced, lab.holders[there].last(True, fenced) - opened))
        here = there
        time.sleep(0.3)
    for number, what in enumerate(("opened to first write", "fence to address gone", "opened to address there")):
        seconds = sorted(row[number] for row in times)
        print(f"{what:32} median {statistics.median(seconds):.3f}, p95 {seconds[-2]:.3f}, max {seconds[-1]:.3f} s")
    assert max(row[1] for row in times) < 1 and max(row[2] for row in times) < 1
    assert lab.both() == 0


def test_two_writable_servers_do_not_fight_for_it(lab: Lab) -> None:
    (here,) = lab.where()
    before = len(lab.holders[here].events)
    lab.open(OTHER[here])
    time.sleep(5)
    assert lab.where() == [here] and len(lab.holders[here].events) == before and lab.both() == 0
    lab.close(OTHER[here])


def test_a_host_that_dies(lab: Lab) -> None:
    (here,) = lab.where()
    podman("kill", lab.container(here))
    until(lambda: not lab.holders[here].holds(), 5, "the end of the host")
    opened = lab.open(OTHER[here])
    assert until(lab.write, 10, "a write") == lab.addresses[OTHER[here]]
    print(f"host dead, other opened          first write after {time.time() - opened:.3f} s")
    time.sleep(2)  # podman takes the dead host's network away
    podman("start", lab.container(here))
    lab.follow_again(here)
    until(lambda: "closed" in lab.run(here, "journalctl -b -u mysql-writable -o cat | grep -v 'does not answer' || true"), 60, "its server's start")
    time.sleep(2)
    assert lab.where() == [OTHER[here]] and lab.both() == 0
