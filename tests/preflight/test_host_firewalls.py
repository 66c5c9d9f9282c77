# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real host firewall of each kind: closed, open for one host and not for another, after a restart of it as well, closed again."""

from __future__ import annotations

import json
import pathlib
import socket
import subprocess
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._host.openings import Opening, commands

TOP = pathlib.Path(__file__).resolve().parents[2]
Lab = t.Any  # conftest.py
# db1 listens and filters; db2 may come in, this machine may not.
FOR_ONE, FOR_ALL = 3306, 8443
LISTEN = "for port in {ports}; do systemd-run --quiet --unit=listen-$port python3 -m http.server --bind 0.0.0.0 $port; done"
NFTABLES = r"""printf '%s\n' 'flush ruleset' 'table inet filter {' 'chain input {' 'type filter hook input priority filter; policy drop;' \
'ct state established,related accept' 'iif lo accept' 'tcp dport 22 accept' '}' '}' > /etc/nftables.conf"""
# firewalld's unit is up before its rules are.
RUNS = "timeout 30 sh -c 'until firewall-cmd --quiet --state; do :; done'"
# How it is switched on with SSH open and nothing else, restarted, and switched off.
KINDS = {
    "firewalld": (f"systemctl enable --quiet --now firewalld && {RUNS}", f"systemctl restart firewalld && {RUNS}", "systemctl disable --quiet --now firewalld"),
    "ufw": ("ufw allow 22/tcp && ufw deny 3306/tcp && ufw --force enable", "systemctl restart ufw", "ufw --force reset"),
    "nftables": (
        f"{NFTABLES} && systemctl enable --quiet --now nftables",
        "systemctl restart nftables",
        "systemctl disable --quiet --now nftables && nft flush ruleset",
    ),
}
RULES = {"firewalld": "firewall-cmd --list-all-zones; firewall-cmd --permanent --list-all-zones", "ufw": "ufw show added", "nftables": "nft list ruleset"}


@pytest.fixture(name="db1")
def fixture_db1(lab: Lab) -> t.Iterator[Lab]:
    """All three are installed, and none of them is active."""
    lab.ssh("db1", "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends ufw firewalld >/dev/null 2>&1")
    lab.ssh("db1", "systemctl disable --quiet --now firewalld")
    lab.ssh("db1", LISTEN.format(ports=f"{FOR_ONE} {FOR_ALL}"))
    yield lab
    lab.ssh("db1", f"systemctl stop listen-{FOR_ONE} listen-{FOR_ALL}")


def apply(lab: Lab, openings: list[dict[str, t.Any]], *arguments: str) -> dict[str, t.Any]:
    """What the state answers."""
    call = ["ansible", "-i", str(lab.inventory), "db1", "-m", "onprem.wandb.host_state", "-e", json.dumps({"lab_state": str(lab.state)})]
    call += ["-a", json.dumps({"states": [{"firewall": {"openings": openings}}]}), *arguments]
    done = subprocess.run([*call, "--one-line"], cwd=TOP, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.partition("=> ")[2])["states"][0]


def reached(lab: Lab) -> dict[str, list[int]]:
    """Which of the ports answer to db2, and which to this machine. All are asked at the same time: a port that drops says nothing."""
    address = lab.addresses["db1"]
    ask = f"for port in {FOR_ONE} {FOR_ALL}; do timeout 2 bash -c \"</dev/tcp/{address}/$port\" 2>/dev/null && echo $port & done; wait"

    def here(port: int) -> bool:
        with socket.socket() as client:
            client.settimeout(2)
            return client.connect_ex((address, port)) == 0

    with ThreadPoolExecutor(3) as pool:
        there = pool.submit(lab.ssh, "db2", ask)
        found = [port for port, answers in zip((FOR_ONE, FOR_ALL), pool.map(here, (FOR_ONE, FOR_ALL))) if answers]
    return {"db2": sorted(int(port) for port in there.result().split()), "here": found}


@pytest.mark.parametrize("kind", KINDS)
def test_life(db1: Lab, kind: str) -> None:
    switch_on, restart, switch_off = KINDS[kind]
    openings = [
        {"protocol": "tcp", "port": FOR_ONE, "sources": [db1.addresses["db2"]]},
        {"protocol": "tcp", "port": FOR_ALL},
        {"protocol": "vrrp", "sources": [db1.addresses["db2"]]},
    ]
    half_open = {"db2": [FOR_ONE, FOR_ALL], "here": [FOR_ALL]}
    closed: dict[str, list[int]] = {"db2": [], "here": []}
    with db1.planted([("db1", switch_on, switch_off)]):
        bare = db1.ssh("db1", RULES[kind])
        assert reached(db1) == closed
        done = apply(db1, openings)
        assert (done["manager"], done["changed"], len(done["opened"])) == (kind, True, 3)
        assert reached(db1) == half_open
        db1.ssh("db1", restart)
        assert reached(db1) == half_open
        assert not apply(db1, openings)["changed"], "a second run finds all as it was left, VRRP as well"
        assert apply(db1, [])["changed"]
        assert reached(db1) == closed
        assert db1.ssh("db1", RULES[kind]) == bare, "nothing of others was touched"
        by_hand = [Opening(item["protocol"], item.get("port", 0), tuple(item.get("sources", ()))) for item in openings]
        db1.ssh("db1", "set -e\n" + "\n".join(commands(kind, by_hand, ("public",) if kind == "firewalld" else ())))
        assert reached(db1) == half_open
        assert not apply(db1, openings)["changed"], "what an operator pasted is what the state makes"
        apply(db1, [])
