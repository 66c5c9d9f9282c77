# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Closed paths: one finding for each cause, with the line to paste."""

from __future__ import annotations

from typing import Any

from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight.rules import firewall, network

SILENT = "no TCP connection to 192.0.2.5 port 3306 within 4 s (timed out)"
MYSQL = {"service": "MySQL", "protocol": "tcp", "port": 3306, "chain": "ip filter INPUT", "by": "policy drop"}


def path(error: str = SILENT, target: str = "db1") -> dict[str, Any]:
    return {"name": "MySQL", "host": "192.0.2.5", "port": 3306, "addresses": [], "error": error, "target": target}


def filtered(manager: str, *dropped: dict[str, Any]) -> dict[str, Any]:
    return {"firewall": {"manager": manager, "dropped": list(dropped)}}


def test_a_healthy_site_and_a_path_that_answers(site):
    assert not list(firewall.own_rules(site())) and not list(firewall.tried(site()))
    assert not list(firewall.tried(site(measured={"node1": {"endpoints": [path("")]}})))


def test_the_hosts_own_rules_are_named_once(site, found):
    broken = site(measured={"db1": filtered("ufw", MYSQL, {**MYSQL, "service": "VRRP", "protocol": "vrrp", "port": 0}), "node1": {"endpoints": [path()]}})
    (finding,) = firewall.own_rules(broken)
    assert (finding.host, finding.variable) == ("db1", "firewall (ufw)")
    assert finding.value == "drops MySQL (TCP 3306), VRRP (VRRP): ip filter INPUT, policy drop"
    assert finding.remedy.endswith("ansible-playbook onprem.wandb.firewall -i <inventory>") and "host_firewall_manage: true" in finding.remedy
    assert not list(firewall.tried(broken))


def test_the_role_will_open_what_a_program_manages(site):
    measured = {"db1": filtered("ufw", MYSQL), "node1": {"endpoints": [path()]}}
    managed = site({"host_firewall_manage": True}, measured=measured)
    assert not list(firewall.own_rules(managed)) and not list(firewall.tried(managed))


def test_rules_that_nobody_manages_are_not_for_the_role(site):
    (finding,) = firewall.own_rules(site({"host_firewall_manage": True}, measured={"db1": filtered("iptables", MYSQL)}))
    assert "no program manages these rules" in finding.remedy


def test_rules_that_a_boot_forgets_are_not_for_the_role_either(site):
    measured = {"db1": {"firewall": {"manager": "nftables", "dropped": [MYSQL], "unkept": "nftables.service is not enabled"}}}
    (finding,) = firewall.own_rules(site({"host_firewall_manage": True}, measured=measured))
    assert finding.value.startswith("nftables.service is not enabled; drops MySQL") and finding.remedy.startswith("systemctl enable nftables.service")


def test_what_the_role_would_refuse_is_said_when_no_drop_is_certain(site, found):
    for measured in (filtered("iptables"), {"firewall": {"manager": "nftables", "dropped": [], "unkept": "nftables.service is not enabled"}}):
        assert len(list(firewall.own_rules(site({"host_firewall_manage": True}, measured={"db1": measured})))) == 1
        assert not list(firewall.own_rules(site(measured={"db1": measured})))
    assert not list(firewall.own_rules(site({"host_firewall_manage": True}, measured={"db1": filtered("ufw")})))


def test_silence_between_two_hosts(site, found):
    broken = site(measured={"node1": {"endpoints": [path()]}})
    assert found(firewall.tried(broken)) == [("node1", "MySQL of db1", "problem")]
    (finding,) = firewall.tried(broken)
    assert finding.value == SILENT and "nc -vz 192.0.2.5 3306" in finding.remedy
    assert not list(network.unreachable(broken))  # said once


def test_a_drop_of_another_port_is_not_the_reason(site, found):
    broken = site(measured={"db1": filtered("ufw", {**MYSQL, "port": 9000}), "node1": {"endpoints": [path()]}})
    assert found(firewall.tried(broken)) == [("node1", "MySQL of db1", "problem")]


def test_a_host_that_is_away_is_another_finding_and_one_out_of_this_run_a_warning(site, found):
    broken = site(measured={"node1": {"endpoints": [path()]}})
    broken.hosts["db1"].measured.clear()
    assert not list(firewall.tried(broken))
    del broken.hosts["db1"]
    assert found(firewall.tried(broken)) == [("node1", "MySQL of db1", "warning")]


def test_administrators_from_whom_no_rule_can_be_made(site):
    """Role host ended at the first one, after preflight had found nothing."""
    wrong = ["2001:db8::7", "admins.example.com", "192.0.2.0/33", ""]
    broken = site({"host_firewall_administrators": ["192.0.2.7", "198.51.100.0/24", *wrong]})
    found = list(firewall.administrators(broken))
    assert {finding.value for finding in found} == set(wrong)
    assert firewall.administrators in firewall.RULES
    assert not list(firewall.administrators(site({"host_firewall_administrators": ["192.0.2.7", "198.51.100.0/24"]})))
