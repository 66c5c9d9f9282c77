# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Openings as lines that can be pasted."""

from __future__ import annotations

from ansible_collections.onprem.wandb.plugins.filter.firewall_commands import firewall_commands

OPENINGS = [{"service": "MySQL", "protocol": "tcp", "port": 3306, "sources": ["192.0.2.11"]}, {"service": "VRRP", "protocol": "vrrp", "port": 0, "sources": []}]


def test_a_host_without_a_firewall_gets_words() -> None:
    assert firewall_commands(OPENINGS, "")[1:] == ["  MySQL, TCP 3306, from 192.0.2.11", "  VRRP, VRRP, from anywhere"]


def test_the_chain_that_closes_is_the_one_that_is_opened() -> None:
    assert "ip planted in ip saddr 192.0.2.11 tcp dport 3306" in firewall_commands(OPENINGS[:1], "nftables", ["ip planted in"])[0]
    assert "inet filter input ip saddr 192.0.2.11 tcp dport 3306" in firewall_commands(OPENINGS[:1], "nftables")[0]
