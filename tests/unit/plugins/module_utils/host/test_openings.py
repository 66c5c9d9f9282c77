# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host firewall closes a host, and what opens it."""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._host import openings
from ansible_collections.onprem.wandb.plugins.module_utils._host.openings import Look, Opening, Way

BASE = {"family": "inet", "table": "filter", "name": "input", "type": "filter", "hook": "input", "policy": "accept"}
MYSQL = Opening("tcp", 3306, ("10.0.0.1", "10.1.0.0/16"), "MySQL")
HTTPS = Opening("tcp", 443, (), "Traefik")
VRRP = Opening("vrrp", 0, ("10.0.0.2",), "keepalived")
ZONES = """docker
  target: ACCEPT
  interfaces: docker0

internal (active)
  target: default
  sources: 10.0.0.0/8

public
  target: default

trusted (active)
  target: ACCEPT

work
  target: default
"""


def host(**outputs: str) -> openings.Run:
    """A host that has these programs, by the words of their call."""
    return lambda command: outputs.get("_".join(word.strip("-").replace("-", "_") for word in command if word not in ("env", "LC_ALL=C", "LANGUAGE=C")))


def test_ufw_is_asked_in_english_on_a_host_that_was_installed_in_another_language(tmp_path: pathlib.Path) -> None:
    """/etc/default/locale of an Ubuntu that was installed in German has LANGUAGE=de_DE, and ufw is a program in Python: gettext looks there first."""
    ufw = tmp_path / "ufw"
    ufw.write_text('#!/bin/sh\ncase $LANGUAGE in de*) echo "Status: Aktiv" ;; *) echo "Status: active" ;; esac\n')
    ufw.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "LANG": "de_DE.UTF-8", "LANGUAGE": "de_DE:de"}

    def run(command: list[str]) -> t.Optional[str]:
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout if command[0] == "env" else None

    assert openings.look(run) == Look(openings.UFW)


def ruleset(*entries: dict[str, t.Any]) -> str:
    return json.dumps({"nftables": [{"metainfo": {}}, *entries]})


def chain(**changes: str) -> dict[str, t.Any]:
    return {"chain": {**BASE, **changes}}


def rule(*expressions: dict[str, t.Any], table: str = "filter", name: str = "input") -> dict[str, t.Any]:
    return {"rule": {"family": "inet", "table": table, "chain": name, "expr": list(expressions)}}


def match(left: dict[str, t.Any], right: t.Any, operator: str = "==") -> dict[str, t.Any]:
    return {"match": {"op": operator, "left": left, "right": right}}


SADDR = {"payload": {"protocol": "ip", "field": "saddr"}}
DPORT = {"payload": {"protocol": "tcp", "field": "dport"}}
STATE = {"ct": {"key": "state"}}


def test_the_active_manager() -> None:
    drop = ruleset(chain(policy="drop"))
    assert openings.manager(host()) == ""
    assert openings.look(host(firewall_cmd_state="running\n", firewall_cmd_list_all_zones=ZONES, firewall_cmd_get_default_zone="public\n", ufw_status="")) == (
        Look("firewalld", ("internal", "public"))
    )
    assert openings.manager(host(firewall_cmd_state="not running\n", ufw_status="Status: inactive\n")) == ""
    assert openings.manager(host(ufw_status="Status: active\n\nTo  Action  From\n", nft_json_terse_list_ruleset=drop)) == "ufw"
    assert openings.look(host(nft_json_terse_list_ruleset=drop)) == Look("nftables", ("inet filter input",))
    assert openings.manager(host(iptables_save_t_filter="*filter\n:INPUT DROP [0:0]\nCOMMIT\n", nft_json_terse_list_ruleset=drop)) == "iptables"
    assert openings.manager(host(iptables_legacy_save_t_filter="*filter\n:INPUT DROP [0:0]\nCOMMIT\n")) == "iptables"


def test_default_zone_with_its_mark() -> None:
    """firewalld 2 says so in the head of the zone."""
    assert openings.closing_zones("public (default, active)\n  target: default\n", "public") == ("public",)
    assert openings.closing_zones("trusted (default, active)\n  target: ACCEPT\n", "trusted") == ()


@pytest.mark.parametrize(("sign", "number", "closes"), [("<", 3306, False), ("<=", 3306, True), ("<", 3307, True), (">", 3306, False), (">=", 3306, True)])
def test_a_rule_about_ports_below_or_above_a_number(sign: str, number: int, closes: bool) -> None:
    closed = ruleset(chain(), rule(match(DPORT, number, sign), {"drop": None}))
    assert bool(openings.closing_chains(closed, [Way("tcp", 3306, "")])) is closes


@pytest.mark.parametrize(
    "rules",
    [
        [rule({"drop": None})],
        [rule(match(DPORT, {"set": [10250, 443]}), {"drop": None})],
        [rule(match(SADDR, "10.0.0.0", "!="), {"reject": {}})],
        [rule(match(STATE, {"set": ["established", "related"]}, "!="), {"drop": None})],
        [rule(match(STATE, ["new", "invalid"]), {"drop": None})],
        [rule({"jump": {"target": "mine"}}), rule({"drop": None}, name="mine")],
    ],
)
def test_chains_that_close(rules: list[dict[str, t.Any]]) -> None:
    assert openings.closing_chains(ruleset(chain(), *rules)) == ("inet filter input",)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [chain()],
        [chain(hook="forward", policy="drop")],
        [chain(type="nat", policy="drop")],
        [chain(family="ip6", policy="drop")],
        [chain(table="firewalld", policy="drop")],
        [chain(family="ip", name="INPUT", policy="drop")],
        [chain(), rule(match(STATE, "invalid"), {"drop": None})],
        [chain(), rule(match(SADDR, "@f2b"), {"reject": {}})],
        [chain(), rule(match({"meta": {"key": "iifname"}}, "lo"), {"drop": None})],
        [chain(), rule({"limit": {"rate": 5, "per": "second"}}, {"drop": None})],
        [chain(), rule({"accept": None})],
        [chain(), rule({"jump": {"target": "KUBE-FIREWALL"}}), rule({"drop": None}, name="KUBE-FIREWALL")],
        [chain(), rule({"jump": {"target": "mine"}}), rule({"jump": {"target": "mine"}}, name="mine")],
    ],
)
def test_chains_that_close_nothing(entries: list[dict[str, t.Any]]) -> None:
    assert openings.closing_chains(ruleset(*entries)) == ()


@pytest.mark.parametrize(
    ("wanted", "closes"),
    [([], True), ([Way("tcp", 3306, "")], True), ([Way("tcp", 443, ""), Way("tcp", 3310, "")], True), ([Way("tcp", 443, ""), Way("udp", 3306, "")], False)],
)
def test_only_what_is_wanted_counts(wanted: list[Way], closes: bool) -> None:
    """A rule against mail does not make a firewall that the site has to open."""
    bounds = {"set": [25, {"range": [3300, 3310]}]}
    assert bool(openings.closing_chains(ruleset(chain(), rule(match(DPORT, bounds), {"drop": None})), wanted)) is closes
    assert openings.iptables_filters("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m multiport --dports 25,3300:3310 -j DROP\n", wanted) is closes
    assert openings.closing_chains(ruleset(chain(), rule(match(DPORT, bounds, "!="), {"drop": None})), wanted), "all ports but these"
    assert openings.iptables_filters("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp ! --dport 25 -j DROP\n", wanted)
    assert openings.closing_chains(ruleset(chain(policy="drop")), wanted)


def test_no_ruleset() -> None:
    assert openings.closing_chains("no JSON") == openings.closing_chains("") == ()


@pytest.mark.parametrize(
    ("rules", "closes"),
    [
        (":INPUT ACCEPT [0:0]\n-A INPUT -j REJECT --reject-with icmp-host-prohibited", True),
        (":INPUT ACCEPT [0:0]\n:MINE - [0:0]\n-A INPUT -j MINE\n-A MINE -p tcp -j DROP", True),
        (":INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]", False),
        (":INPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate INVALID -j DROP", False),
        (":INPUT ACCEPT [0:0]\n-A INPUT -j KUBE-FIREWALL\n-A KUBE-FIREWALL -j DROP", False),
        (":INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m set --match-set f2b src -j REJECT", False),
    ],
)
def test_iptables(rules: str, closes: bool) -> None:
    assert openings.iptables_filters(f"*filter\n{rules}\nCOMMIT\n") is closes


def test_ways() -> None:
    assert openings.ways([MYSQL, MYSQL, Opening("tcp", 443, ("10.0.0.9/32",)), HTTPS, VRRP]) == [
        Way("tcp", 3306, "10.0.0.1"),
        Way("tcp", 3306, "10.1.0.0/16"),
        Way("tcp", 443, ""),
        Way("vrrp", 0, "10.0.0.2"),
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Opening("sctp", 1), "protocol 'sctp', expected tcp, udp or vrrp"),
        (Opening("tcp", 0), "tcp port 0, expected 1 to 65535"),
        (Opening("udp", 70000), "udp port 70000, expected 1 to 65535"),
        (Opening("vrrp", 1), "vrrp with port 1"),
        (Opening("tcp", 1, ("db1",)), "source 'db1', expected an IPv4 address or network"),
        (Opening("tcp", 1, ("::1",)), "source '::1'"),
    ],
)
def test_ways_that_are_none(wrong: Opening, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        openings.ways([wrong])


def test_commands_of_firewalld() -> None:
    lines = openings.commands("firewalld", [MYSQL._replace(sources=("10.0.0.1",)), HTTPS, VRRP], ["public"])
    assert lines[:2] == [
        f"firewall-cmd --zone=public{permanent} --add-rich-rule="
        """'rule priority="-20611" family="ipv4" source address="10.0.0.1" port port="3306" protocol="tcp" accept'"""
        for permanent in ("", " --permanent")
    ]
    assert lines[2].endswith("""'rule priority="20611" port port="443" protocol="tcp" accept'""")
    assert lines[4].endswith("""'rule priority="-20611" family="ipv4" source address="10.0.0.2" protocol value="112" accept'""")
    assert openings.commands("firewalld", [HTTPS])[0].startswith("firewall-cmd --add-rich-rule="), "the default zone"


def test_commands_of_ufw() -> None:
    lines = openings.commands("ufw", [MYSQL, HTTPS, VRRP])
    assert lines[:3] == [
        "ufw prepend allow proto tcp from 10.0.0.1 to any port 3306 comment onprem.wandb",
        "ufw prepend allow proto tcp from 10.1.0.0/16 to any port 3306 comment onprem.wandb",
        "ufw allow proto tcp from any to any port 443 comment onprem.wandb",
    ]
    assert lines[-1] == "ufw reload"
    assert len(openings.commands("ufw", [HTTPS])) == 1, "nothing about VRRP where there is none"


def test_vrrp_goes_into_the_table_filter(tmp_path: t.Any) -> None:
    """The very lines, run by a shell on a file with two tables, twice."""
    path = tmp_path / "before.rules"
    path.write_text("*nat\nCOMMIT\n*filter\n:ufw-before-input - [0:0]\nCOMMIT\n")
    lines = [line.replace(openings.UFW_BEFORE_RULES, str(path)) for line in openings.commands("ufw", [VRRP, Opening("vrrp", 0, ("10.3.0.0/24",))])]
    for _time in range(2):
        subprocess.run(["sh", "-ec", "\n".join(lines[:-1])], check=True)
        assert path.read_text().splitlines() == [
            "*nat",
            "COMMIT",
            "*filter",
            ":ufw-before-input - [0:0]",
            openings.BEGIN,
            "-A ufw-before-input -s 10.0.0.2 -p 112 -m comment --comment onprem.wandb -j ACCEPT",
            "-A ufw-before-input -s 10.3.0.0/24 -p 112 -m comment --comment onprem.wandb -j ACCEPT",
            openings.END,
            "COMMIT",
        ]


def test_commands_of_nftables(tmp_path: t.Any) -> None:
    lines = openings.commands("nftables", [HTTPS, VRRP])
    assert lines[:2] == [
        """nft 'insert rule inet filter input tcp dport 443 accept comment "onprem.wandb"'""",
        """nft 'insert rule inet filter input ip saddr 10.0.0.2 ip protocol 112 accept comment "onprem.wandb"'""",
    ]
    conf = tmp_path / "nftables.conf"
    conf.write_text("flush ruleset\n")
    script = "\n".join(line.replace(openings.NFTABLES_CONF, str(conf)) for line in lines[2:])
    for _time in range(2):
        subprocess.run(["sh", "-ec", script], check=True)
        assert conf.read_text().splitlines() == [
            "flush ruleset",
            openings.BEGIN,
            'insert rule inet filter input tcp dport 443 accept comment "onprem.wandb"',
            'insert rule inet filter input ip saddr 10.0.0.2 ip protocol 112 accept comment "onprem.wandb"',
            openings.END,
        ]
    assert len(openings.commands("nftables", [HTTPS], ["inet a input", "ip b in"])) == 8, "an accept in one chain does not undo a drop in another"


def test_commands_of_iptables() -> None:
    lines = openings.commands("iptables", [MYSQL])
    rule_words = "-s 10.0.0.1 -p tcp --dport 3306 -m comment --comment onprem.wandb -j ACCEPT"
    assert lines[0] == f"iptables -C INPUT {rule_words} 2>/dev/null || iptables -I INPUT {rule_words}"
    assert lines[-1].startswith("# For the next boot")


def test_nothing_to_say() -> None:
    assert openings.commands("", [HTTPS]) == openings.commands("ufw", []) == []
    with pytest.raises(ValueError, match="host firewall 'pf', expected"):
        openings.commands("pf", [HTTPS])


def test_the_mark_of_firewalld() -> None:
    assert openings.is_ours(openings.rich_rule(Way("tcp", 443, ""))) and openings.is_ours(openings.rich_rule(Way("tcp", 443, "10.0.0.1")))
    assert not openings.is_ours('rule priority="-5" family="ipv4" port port="443" protocol="tcp" accept')
    assert not openings.is_ours('rule family="ipv4" log prefix="priority=20611" accept')
