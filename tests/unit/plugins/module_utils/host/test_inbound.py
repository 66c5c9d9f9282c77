# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's firewall drops of what others must reach."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import firewall, inbound

WANTED = [
    {"service": "MySQL", "protocol": "tcp", "port": 3306},
    {"service": "pod network", "protocol": "udp", "port": 8472},
    {"service": "VRRP", "protocol": "vrrp", "port": 0},
]


def dropped(rules: str) -> list[str]:
    chains = firewall.from_iptables(rules)
    return [item["service"] for item in inbound.dropped(WANTED, [chains], "eth0")]


def test_an_open_host_and_a_closed_one() -> None:
    assert dropped("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n") == []
    assert dropped("*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n") == ["MySQL", "pod network", "VRRP"]


def test_what_is_opened_by_protocol_and_port() -> None:
    rules = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 3306 -j ACCEPT\n-A INPUT -p vrrp -j ACCEPT\nCOMMIT\n"
    assert dropped(rules) == ["pod network"]


def test_a_rule_for_some_addresses_is_a_doubt() -> None:
    assert dropped("*filter\n:INPUT DROP [0:0]\n-A INPUT -s 192.0.2.0/24 -j ACCEPT\nCOMMIT\n") == []


def test_the_chain_and_the_rule_are_named() -> None:
    chains = firewall.from_iptables("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 3306 -j REJECT\nCOMMIT\n")
    (item,) = inbound.dropped(WANTED, [chains], "eth0")
    assert (item["chain"], item["by"], item["port"]) == ("iptables filter INPUT", "rule 1 of chain INPUT", 3306)


def test_nobody_is_asked_on_a_host_that_offers_nothing() -> None:
    def run(_command: list[str]) -> t.Optional[str]:
        raise AssertionError

    assert inbound.measure([], run) == {"manager": "", "places": [], "dropped": [], "unkept": ""}


def test_a_host_without_any_tool() -> None:
    assert inbound.measure(WANTED, lambda _command: None) == {"manager": "", "places": [], "dropped": [], "unkept": ""}


def test_rules_of_nftables_that_a_boot_forgets() -> None:
    assert inbound.unkept(lambda _command: "enabled\n") == ""
    assert "not enabled" in inbound.unkept(lambda _command: None)
