# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule sets as nft and iptables print them, and packets that they let through or not."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._host import firewall as f

INTO = f.Packet("forward", "flannel.1", "cni0")
TUNNEL = f.Packet("input", "eth0", protocol="udp", dport=8472)
KUBELET = f.Packet("input", "eth0", dport=10250)


def nft(family: str, table: str, hook: str, policy: str, *rules: list[t.Any], chain: str = "", more: t.Mapping[str, list[list[t.Any]]] | None = None) -> str:
    """One table with a base chain, and further chains."""
    name = chain or hook
    found: list[t.Any] = [
        {"metainfo": {"version": "1.0.6"}},
        {"table": {"family": family, "name": table}},
        {"chain": {"family": family, "table": table, "name": name, "type": "filter", "hook": hook, "prio": 0, "policy": policy}},
    ]
    found += [{"chain": {"family": family, "table": table, "name": other}} for other in more or {}]
    for owner, list_of in {name: list(rules), **(more or {})}.items():
        found += [{"rule": {"family": family, "table": table, "chain": owner, "expr": rule}} for rule in list_of]
    return json.dumps({"nftables": found})


def match(left: t.Any, right: t.Any, op: str = "==") -> dict[str, t.Any]:
    return {"match": {"op": op, "left": left, "right": right}}


def meta(key: str, right: t.Any, op: str = "==") -> dict[str, t.Any]:
    return match({"meta": {"key": key}}, right, op)


def port(protocol: str, right: t.Any) -> dict[str, t.Any]:
    return match({"payload": {"protocol": protocol, "field": "dport"}}, right)


ESTABLISHED = match({"ct": {"key": "state"}}, ["established", "related"], "in")
IN_TEN = match({"payload": {"protocol": "ip", "field": "daddr"}}, {"prefix": {"addr": "10.0.0.0", "len": 8}})
YES, NO, REJECT = {"accept": None}, {"drop": None}, {"reject": {"type": "icmpx", "expr": "admin-prohibited"}}
CALICO_MARK = match({"meta": {"key": "mark"}}, 65536)

# What firewalld makes of EL's default zone, cut down: a packet from outside goes by its interface to a zone, and what the zone does not allow is rejected.
FIREWALLD = {
    "zones": [[meta("iifname", "eth0"), {"goto": {"target": "public"}}], [{"goto": {"target": "public"}}]],
    "public": [[{"jump": {"target": "allow"}}]],
    "allow": [[port("tcp", 22), match({"ct": {"key": "state"}}, {"set": ["new", "untracked"]}), YES]],
}
DOCKER = [
    [{"counter": {"packets": 1, "bytes": 2}}, {"jump": {"target": "DOCKER-USER"}}],
    [meta("oifname", "docker0"), {"xt": {"type": "match", "name": "conntrack"}}, YES],
    [meta("iifname", "docker0"), meta("oifname", "docker0", "!="), YES],
]


@pytest.mark.parametrize(("rules", "packet", "dropped"), [
    (nft("ip", "filter", "forward", "drop", chain="FORWARD"), INTO, [("ip filter FORWARD", "policy drop")]),
    (nft("ip", "filter", "forward", "accept", chain="FORWARD"), INTO, []),
    (nft("ip", "filter", "forward", "drop", *DOCKER, chain="FORWARD", more={"DOCKER-USER": [[{"return": None}]]}), INTO,
     [("ip filter FORWARD", "policy drop")]),
    (nft("ip", "filter", "forward", "drop", [meta("iifname", "flannel.*"), YES], [meta("iifname", "cni0"), YES]), INTO, []),
    (nft("ip", "filter", "forward", "drop", [IN_TEN, YES]), INTO, []),
    (nft("ip", "filter", "forward", "drop", [CALICO_MARK, YES]), INTO, []),
    (nft("ip", "filter", "forward", "drop", [{"xt": None}, YES]), INTO, []),
    (nft("ip", "filter", "forward", "drop", [{"xt": {"type": "match", "name": "comment"}}, YES]), INTO, []),
    (nft("ip", "filter", "forward", "drop", [meta("iifname", "flannel.1"), {"vmap": {}}]), INTO, []),
    (nft("ip", "filter", "forward", "drop", [ESTABLISHED, YES]), INTO, [("ip filter forward", "policy drop")]),
    (nft("ip6", "filter", "forward", "drop"), INTO, []),
    (nft("inet", "filter", "forward", "accept", [meta("iifname", "flannel.1"), NO]), INTO, [("inet filter forward", "rule 1 of chain forward")]),
    (nft("inet", "filter", "input", "accept", [port("udp", 8472), NO], [port("tcp", {"set": [10250, 443]}), NO]), TUNNEL,
     [("inet filter input", "rule 1 of chain input")]),
    (nft("inet", "filter", "input", "accept", [port("udp", 8472), NO], [port("tcp", {"set": [10250, 443]}), NO]), KUBELET,
     [("inet filter input", "rule 2 of chain input")]),
    (nft("inet", "filter", "input", "accept", [port("tcp", 8472), NO]), TUNNEL, []),
    (nft("inet", "filter", "input", "drop", [port("udp", {"range": [8000, 9000]}), YES]), TUNNEL, []),
    (nft("inet", "filter", "input", "drop", [port("udp", "@open"), YES]), TUNNEL, []),
    (nft("inet", "filter", "input", "drop", [meta("oifname", "eth0"), YES]), TUNNEL, [("inet filter input", "policy drop")]),
    (nft("inet", "filter", "input", "drop", [meta("l4proto", 17), YES]), TUNNEL, []),
    (nft("inet", "firewalld", "input", "accept", [ESTABLISHED, YES], [meta("iifname", "lo"), YES], [{"jump": {"target": "zones"}}], [REJECT], more=FIREWALLD),
     TUNNEL, [("inet firewalld input", "rule 4 of chain input")]),
    ("", INTO, []),
    (json.dumps({"nftables": []}), INTO, []),
])  # fmt: skip
def test_nftables(rules: str, packet: f.Packet, dropped: list[tuple[str, str]]) -> None:
    assert f.drops(f.from_nft(rules), packet) == dropped


SAVE = """# Generated
*nat
:FORWARD DROP [0:0]
COMMIT
*filter
:INPUT {input} [0:0]
:FORWARD {forward} [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-user-input - [0:0]
{rules}
COMMIT
"""


@pytest.mark.parametrize(("given", "rules", "packet", "dropped"), [
    ({"forward": "DROP"}, "", INTO, "policy drop"),
    ({"forward": "ACCEPT"}, "", INTO, ""),
    ({"forward": "DROP"}, "-A FORWARD -i flannel+ -j ACCEPT", INTO, ""),
    ({"forward": "DROP"}, "-A FORWARD ! -i cni0 -j ACCEPT", INTO, ""),
    ({"forward": "DROP"}, "-A FORWARD ! -i flannel.1 -j ACCEPT", INTO, "policy drop"),
    ({"forward": "DROP"}, "-A FORWARD -s 10.244.0.0/16 -j ACCEPT", INTO, ""),
    ({"forward": "DROP"}, '-A FORWARD -m comment --comment "kubernetes rules" -j KUBE-FORWARD', INTO, ""),
    ({"forward": "DROP"}, "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", INTO, "policy drop"),
    ({"input": "DROP"}, "-A INPUT -p udp -m udp --dport 8472 -j ACCEPT", TUNNEL, ""),
    ({"input": "DROP"}, "-A INPUT -p udp -m multiport --dports 53,8000:9000 -j ACCEPT", TUNNEL, ""),
    ({"input": "DROP"}, "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -j LOG", TUNNEL, "policy drop"),
    ({"input": "DROP"}, "-A INPUT -j ufw-user-input\n-A ufw-user-input -p udp -j ACCEPT", TUNNEL, ""),
    ({}, "-A INPUT -p udp --dport 8472 -j REJECT --reject-with icmp-port-unreachable", TUNNEL, "rule 1 of chain INPUT"),
])
def test_iptables(given: dict[str, str], rules: str, packet: f.Packet, dropped: str) -> None:
    text = SAVE.format(**{"input": "ACCEPT", "forward": "ACCEPT", **given}, rules=rules)
    assert [drop.by for drop in f.drops(f.from_iptables(text), packet)] == ([dropped] if dropped else [])


def test_chains_that_call_each_other_end() -> None:
    loop = {"a": [[{"jump": {"target": "b"}}]], "b": [[{"jump": {"target": "a"}}]]}
    assert f.drops(f.from_nft(nft("ip", "t", "forward", "drop", [{"jump": {"target": "a"}}], more=loop)), INTO) == []


@pytest.mark.parametrize(("sign", "number", "port_asked", "meant"), [
    ("<", 1024, 22, True), ("<", 1024, 1024, False), ("<", 1024, 6443, False), ("<=", 1024, 1024, True), ("<=", 1024, 1025, False),
    (">", 1023, 6443, True), (">", 6443, 6443, False), (">=", 6443, 6443, True), (">=", 6443, 22, False), ("!=", 22, 6443, True), ("!=", 22, 22, False),
    ("&", 22, 22, None),
])  # fmt: skip
def test_a_rule_about_ports_below_or_above_a_number(sign: str, number: int, port_asked: int, meant: t.Optional[bool]) -> None:
    """`tcp dport < 1024 drop` leaves 6443 alone, and `tcp dport > 1023 accept` opens it: nft prints the sign as op, and every sign but == was taken for !=."""
    about = match({"payload": {"protocol": "tcp", "field": "dport"}}, number, sign)
    packet = f.Packet("input", "eth0", dport=port_asked)
    closed = bool(f.drops(f.from_nft(nft("inet", "filter", "input", "accept", [about, NO])), packet))
    opened = not f.drops(f.from_nft(nft("inet", "filter", "input", "drop", [about, YES])), packet)
    assert (closed, opened) == (meant is True, meant is not False)


def test_a_comparison_of_what_is_no_number_is_a_doubt() -> None:
    odd = match({"payload": {"protocol": "tcp", "field": "dport"}}, {"range": [1, 9]}, "<")
    assert f.drops(f.from_nft(nft("inet", "filter", "input", "accept", [odd, NO])), KUBELET) == []
    length = match({"meta": {"key": "length"}}, 100, "<")
    assert f.drops(f.from_nft(nft("inet", "filter", "input", "accept", [length, NO])), KUBELET) == []
