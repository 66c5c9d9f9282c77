# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's firewall is open for exactly what is wanted. The firewalls here keep rules and print them as Debian 12's do."""

from __future__ import annotations

import ipaddress
import json
import os
import pathlib
import re
import shlex
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._host import openings as o
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply import firewall
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply.ordered import words
from ansible_collections.onprem.wandb.plugins.module_utils._host.openings import Way

MYSQL = {"protocol": "tcp", "port": 3306, "sources": ["10.0.0.1", "10.1.0.0/16"], "service": "MySQL"}
HTTPS = {"protocol": "tcp", "port": 443, "sources": [], "service": ""}
VRRP = {"protocol": "vrrp", "port": 0, "sources": ["10.0.0.2"], "service": ""}
ALL = [MYSQL, HTTPS, VRRP]
BEFORE_RULES = "*nat\nCOMMIT\n*filter\n:ufw-before-input - [0:0]\n-A ufw-before-input -i lo -j ACCEPT\nCOMMIT\n"
Answer = tuple[int, str, str]
UNKNOWN: Answer = (1, "", "unknown command")


class Failed(Exception):
    """The end of the module."""


class Firewalld:
    """Two zones in use, one of them lets all in."""

    programs: t.ClassVar = ["firewall-cmd", "firewall-offline-cmd"]

    def __init__(self) -> None:
        self.running = True
        self.zones: dict[str, dict[str, list[str]]] = {kind: {"public": ['rule priority="-5" drop'], "trusted": [], "work": []} for kind in ("now", "later")}

    def run(self, command: list[str], _data: str | None) -> Answer:
        offline = command[0] == "firewall-offline-cmd"
        if not self.running and not offline:
            return 252, "", "FirewallD is not running"
        zones = self.zones["later" if offline or "--permanent" in command else "now"]
        if command[-1] == "--state":
            return 0, "running\n", ""
        if command[-1] == "--get-default-zone":
            return 0, "public\n", ""
        if command[-1] == "--list-all-zones":
            heads = {"public": "public\n  target: default", "trusted": "trusted (active)\n  target: ACCEPT", "work": "work\n  target: default"}
            return 0, "\n".join("\n".join([heads[zone], "  rich rules: ", *(f"\t{rule}" for rule in rules), ""]) for zone, rules in zones.items()), ""
        zone = next(word.partition("=")[2] for word in command if word.startswith("--zone="))
        for word in command:
            if word.startswith("--add-rich-rule="):
                zones[zone].append(word.partition("=")[2])
            elif word.startswith("--remove-rich-rule="):
                zones[zone].remove(word.partition("=")[2])
        return 0, "success\n", ""


class Ufw:
    """Active, with rules of the operator."""

    programs: t.ClassVar = ["ufw", "iptables-save"]

    def __init__(self, before_rules: pathlib.Path) -> None:
        self.active = True
        self.rules = ["allow 22/tcp", "allow from 10.0.0.9 to any port 3306 proto tcp comment 'mine'", "deny 3306/tcp", "route allow in on eth1"]
        self.before_rules = before_rules
        self.loaded = BEFORE_RULES
        before_rules.write_text(BEFORE_RULES)

    def run(self, command: list[str], _data: str | None) -> Answer:
        if command[0] == "iptables-save":
            own = [line.replace("10.0.0.2 ", "10.0.0.2/32 ").replace(o.MARK, f'"{o.MARK}"') for line in self.loaded.splitlines() if o.MARK in line]
            return 0, "\n".join(line for line in own if not line.startswith("#")) if self.active else "", ""
        if command[1:] == ["status"]:
            return 0, f"Status: {'active' if self.active else 'inactive'}\n", ""
        if command[1:] == ["show", "added"]:
            return 0, "\n".join(["Added user rules (see 'ufw status' for running firewall):", *(f"ufw {rule}" for rule in self.rules)]), ""
        if command[1:] == ["reload"]:
            self.loaded = self.before_rules.read_text()
            return 0, "Firewall reloaded\n", ""
        if command[1] == "delete":
            gone = [rule for rule in self.rules if shlex.split(rule.partition(" comment ")[0]) == command[2:]]
            self.rules.remove(gone[0])
            return 0, "", ""
        made = re.fullmatch(r"ufw (prepend )?allow proto (tcp|udp) from (\S+) to any port (\d+) comment (\S+)", " ".join(command))
        assert made, command
        what = f"allow {made[4]}/{made[2]}" if made[3] == "any" else f"allow from {made[3]} to any port {made[4]} proto {made[2]}"
        self.rules.insert(0 if made[1] else len(self.rules), f"{what} comment '{made[5]}'")
        return 0, "Rule added\n", ""


class Nft:
    """One chain that closes. A file loads when the chains that it inserts into are in it."""

    programs: t.ClassVar = ["nft", "unshare", "systemctl"]

    def __init__(self) -> None:
        self.enabled, self.handle, self.needs_interface, self.deaf = True, 20, False, False
        self.chain = {"family": "inet", "table": "filter", "name": "input", "type": "filter", "hook": "input", "policy": "drop"}
        place = {"family": "inet", "table": "filter", "chain": "input"}
        self.rules: list[dict[str, t.Any]] = [{**place, "handle": 4, "comment": "mine", "expr": [{"accept": None}]}]

    def run(self, command: list[str], data: str | None) -> Answer:
        if command[0] == "systemctl":
            return 0, "enabled\n" if self.enabled else "disabled\n", ""
        if "--check" in command:
            text = pathlib.Path(command[-1]).read_text()
            if command[0] == "unshare" and self.needs_interface:
                return 1, "", f"{command[-1]}:3:5-8: Error: Interface does not exist\n"
            lost = "insert rule inet filter" in text and "table inet filter" not in text and command[0] == "unshare"
            return (1, "", f"{command[-1]}:9:1-2: Error: No such file or directory\ninsert rule\n") if lost else (0, "", "")
        if command[1:] == ["--json", "--terse", "list", "ruleset"]:
            return 0, json.dumps({"nftables": [{"chain": self.chain}, *({"rule": rule} for rule in self.rules)]}), ""
        assert command[1:] == ["--file", "-"] and data
        for line in [] if self.deaf else data.splitlines():
            self.one(line.split())
        return 0, "", ""

    def one(self, line: list[str]) -> None:
        place = dict(zip(("family", "table", "chain"), line[2:5]))
        if line[0] == "delete":
            self.rules = [rule for rule in self.rules if rule["handle"] != int(line[-1])]
            return
        expr: list[dict[str, t.Any]] = []
        rest = line[5:]
        while rest[0] != "accept":
            protocol, field, value = rest[:3]
            del rest[:3]
            network = ipaddress.ip_network(value) if field == "saddr" else None
            right: t.Any = {"prefix": {"addr": str(network[0]), "len": network.prefixlen}} if network and network.prefixlen < 32 else value
            right = int(value) if field == "dport" else "vrrp" if field == "protocol" else right
            expr.append({"match": {"op": "==", "left": {"payload": {"protocol": protocol, "field": field}}, "right": right}})
        self.handle += 1
        self.rules.insert(0, {**place, "handle": self.handle, "comment": rest[-1].strip('"'), "expr": [*expr, {"accept": None}]})


class Module:
    """What the state sees of Ansible."""

    def __init__(self, tmp: pathlib.Path, *firewalls: t.Any) -> None:
        self.firewalls, self.check_mode, self.tmpdir, self.params = firewalls, False, str(tmp), {}

    def get_bin_path(self, name: str, required: bool = False) -> str | None:
        del required
        return name if name == "env" or any(name in one.programs for one in self.firewalls) else None

    def run_command(self, command: list[str], data: str | None = None, environ_update: t.Any = None) -> Answer:
        assert environ_update == {"LC_ALL": "C", "LANGUAGE": "C"}
        command = command[3:] if command[0] == "env" else command
        return next((one.run(command, data) for one in self.firewalls if command[0] in one.programs), UNKNOWN)

    def fail_json(self, msg: str, **_others: t.Any) -> t.NoReturn:
        raise Failed(msg)

    def atomic_move(self, source: str, target: str) -> None:
        os.replace(source, target)

    def apply(self, openings: list[dict[str, t.Any]], check_mode: bool = False) -> dict[str, t.Any]:
        self.check_mode, self.params = check_mode, {"openings": openings}
        return firewall.run(t.cast("t.Any", self))


@pytest.fixture(name="conf")
def fixture_conf(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    conf = tmp_path / "nftables.conf"
    conf.write_text("flush ruleset\ntable inet filter {\n}\n")
    monkeypatch.setattr(o, "NFTABLES_CONF", str(conf))
    monkeypatch.setattr(o, "NFTABLES_CONF_EL", str(tmp_path / "none"))
    monkeypatch.setattr(o, "UFW_BEFORE_RULES", str(tmp_path / "before.rules"))
    return conf


def life(module: Module, seen: t.Callable[[], t.Any]) -> tuple[t.Any, t.Any]:
    """Check, run, run again, fewer, none: what is seen when all is open, and when only the half is."""
    bare = seen()
    foretold = module.apply(ALL, check_mode=True)
    assert seen() == bare and foretold["changed"], "check mode changes nothing and says what would"
    done = module.apply(ALL)
    assert done == foretold
    full = seen()
    assert not module.apply(ALL)["changed"] and not module.apply(ALL, check_mode=True)["changed"] and seen() == full
    fewer = module.apply([HTTPS])
    assert fewer["changed"] and fewer["closed"] and not fewer["opened"]
    half = seen()
    assert module.apply([])["changed"] and seen() == bare, "all of ours is gone and all others are there"
    assert not module.apply([])["changed"]
    return full, half


def test_firewalld(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    del conf
    host = Firewalld()
    full, half = life(Module(tmp_path, host), lambda: json.dumps(host.zones))
    ours = [o.rich_rule(way) for way in (Way("tcp", 3306, "10.0.0.1"), Way("tcp", 3306, "10.1.0.0/16"), Way("tcp", 443, ""), Way("vrrp", 0, "10.0.0.2"))]
    zones = {"public": ['rule priority="-5" drop', *ours], "trusted": [], "work": []}
    assert json.loads(full) == {"now": zones, "later": zones}
    assert json.loads(half)["now"]["public"] == ['rule priority="-5" drop', ours[2]]


def test_firewalld_of_which_one_half_was_lost(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    """A reload that forgot what runs, a file that somebody restored: each is put right by itself."""
    del conf
    host = Firewalld()
    module = Module(tmp_path, host)
    module.apply(ALL)
    want = json.dumps(host.zones)
    for kind in ("now", "later"):
        del host.zones[kind]["public"][1:]
        host.zones[kind]["work"] = [o.rich_rule(Way("tcp", 1, ""))]
        result = module.apply(ALL)
        assert len(result["opened"]) == 4 and len(result["closed"]) == 1 and json.dumps(host.zones) == want


def test_firewalld_that_does_not_run(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    del conf
    host = Firewalld()
    module = Module(tmp_path, host)
    module.apply(ALL)
    host.running = False
    result = module.apply([HTTPS])
    assert (result["manager"], result["opened"], len(result["closed"])) == ("", [], 4), "nothing filters; at its next start nothing of ours is there"
    assert host.zones["later"]["public"] == ['rule priority="-5" drop']


def test_ufw(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    del conf
    host = Ufw(tmp_path / "before.rules")
    own = list(host.rules)
    full, half = life(Module(tmp_path, host), lambda: (list(host.rules), host.loaded, host.before_rules.read_text()))
    rules, loaded, written = full
    assert rules == [
        "allow from 10.1.0.0/16 to any port 3306 proto tcp comment 'onprem.wandb'",
        "allow from 10.0.0.1 to any port 3306 proto tcp comment 'onprem.wandb'",
        *own,
        "allow 443/tcp comment 'onprem.wandb'",
    ]
    vrrp = f"{o.BEGIN}\n-A ufw-before-input -s 10.0.0.2 -p 112 -m comment --comment onprem.wandb -j ACCEPT\n{o.END}\nCOMMIT\n"
    assert written == loaded == BEFORE_RULES.removesuffix("COMMIT\n") + vrrp
    assert half == ([*own, "allow 443/tcp comment 'onprem.wandb'"], BEFORE_RULES, BEFORE_RULES)


def test_ufw_with_the_operators_own_rule(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    """ufw would put our mark on it, and the last run would take it away."""
    del conf
    host = Ufw(tmp_path / "before.rules")
    own = list(host.rules)
    module = Module(tmp_path, host)
    same = {**MYSQL, "sources": ["10.0.0.9"]}
    assert not module.apply([same])["changed"] and not module.apply([])["changed"] and host.rules == own


def test_ufw_that_was_not_loaded(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    """A run that ended between the file and the reload."""
    del conf
    host = Ufw(tmp_path / "before.rules")
    module = Module(tmp_path, host)
    module.apply([VRRP])
    want, host.loaded = host.loaded, BEFORE_RULES
    assert module.apply([VRRP])["opened"] == ["reload"] and host.loaded == want


def test_ufw_that_is_switched_off(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    del conf
    host = Ufw(tmp_path / "before.rules")
    own = list(host.rules)
    module = Module(tmp_path, host)
    module.apply(ALL)
    host.active = False
    assert module.apply([])["changed"] and host.rules == own and host.before_rules.read_text() == BEFORE_RULES


@pytest.mark.parametrize("text", ["", "*nat\nCOMMIT\n", "*filter\n"])
def test_ufw_without_its_table(tmp_path: pathlib.Path, conf: pathlib.Path, text: str) -> None:
    del conf
    host = Ufw(tmp_path / "before.rules")
    host.before_rules.write_text(text)
    with pytest.raises(Failed, match=r"before\.rules has no table filter that ends with COMMIT, expected"):
        Module(tmp_path, host).apply([VRRP])
    assert host.before_rules.read_text() == text


def test_nftables(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    host = Nft()
    full, half = life(Module(tmp_path, host), lambda: ([{**rule, "handle": 0} for rule in host.rules], conf.read_text()))
    rules, text = full
    assert [rule["comment"] for rule in rules] == [*["onprem.wandb"] * 4, "mine"]
    assert {firewall.nft_way(rule) for rule in rules[:4]} == {
        Way("tcp", 3306, "10.0.0.1"),
        Way("tcp", 3306, "10.1.0.0/16"),
        Way("tcp", 443, ""),
        Way("vrrp", 0, "10.0.0.2"),
    }
    assert text.startswith(f"flush ruleset\ntable inet filter {{\n}}\n{o.BEGIN}\ninsert rule inet filter input ip saddr 10.0.0.1 tcp dport 3306 accept")
    assert len(half[0]) == 2 and half[1].count("insert rule") == 1


def test_nftables_rules_that_somebody_changed(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    """With our mark and no way of ours, or twice: gone."""
    del conf
    host = Nft()
    module = Module(tmp_path, host)
    module.apply([HTTPS])
    wide = {"family": "inet", "table": "filter", "chain": "input", "handle": 90, "comment": o.MARK, "expr": [{"counter": {}}, {"accept": None}]}
    host.rules += [wide, {**host.rules[0], "handle": 91}]
    assert module.apply([HTTPS])["closed"] == ["inet filter input handle 90", 'inet filter input tcp dport 443 accept comment "onprem.wandb"']
    assert len(host.rules) == 2


def test_nftables_whose_chain_is_in_no_file(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    """The file would not load at the next boot, and the host would stand without any rule."""
    conf.write_text("flush ruleset\n")
    host = Nft()
    with pytest.raises(Failed, match=r"in inet filter input, and \S+nftables.conf cannot open it again after a boot: the file:9:1-2: Error: No such file"):
        Module(tmp_path, host).apply([HTTPS])
    assert conf.read_text() == "flush ruleset\n" and len(host.rules) == 1


def test_nftables_whose_file_names_interfaces(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    """It loads in no network but the host's, with our lines and without them: then it is tried there."""
    host = Nft()
    host.needs_interface = True
    assert Module(tmp_path, host).apply([HTTPS])["changed"] and o.BEGIN in conf.read_text()


def test_nftables_that_no_boot_loads(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    host = Nft()
    host.enabled = False
    with pytest.raises(Failed, match=r"nftables\.service, which loads it at boot, is not enabled\. Nothing was changed\. [^\n]*Next:\nnft 'insert rule inet"):
        Module(tmp_path, host).apply([HTTPS])
    conf.unlink()
    with pytest.raises(Failed, match="there is neither"):
        Module(tmp_path, host).apply([HTTPS])


def test_a_firewall_that_takes_all_and_keeps_nothing(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    del conf
    host = Nft()
    host.deaf = True
    with pytest.raises(Failed, match="nftables took all commands, and this is still to do: open inet filter input tcp dport 443 accept"):
        Module(tmp_path, host).apply([HTTPS])


def test_a_command_that_fails(tmp_path: pathlib.Path, conf: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del conf
    host = Firewalld()
    real = host.run
    monkeypatch.setattr(host, "run", lambda command, data: (13, "", "COMMAND_FAILED") if any("add-rich" in word for word in command) else real(command, data))
    with pytest.raises(Failed, match=r"`firewall-cmd --zone=public .* ended with 13, expected 0: COMMAND_FAILED\. Next: firewall-cmd"):
        Module(tmp_path, host).apply([HTTPS])


class Iptables:
    """Rules without anybody who manages them."""

    programs: t.ClassVar = ["iptables-save"]

    def run(self, _command: list[str], _data: str | None) -> Answer:
        return 0, "*filter\n:INPUT DROP [0:0]\nCOMMIT\n", ""


def test_iptables_is_refused(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    del conf
    with pytest.raises(Failed, match=r"nobody manages them.*Nothing was changed\. Next:\niptables -C INPUT -p tcp --dport 443"):
        Module(tmp_path, Iptables()).apply([HTTPS])
    assert not Module(tmp_path, Iptables()).apply([])["changed"]


def test_nothing_filters(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    del conf
    result = Module(tmp_path).apply(ALL)
    assert (result["changed"], result["manager"], result["msg"]) == (False, "", "No host firewall closes any of these paths: there is nothing to open")


def test_an_opening_that_is_none(tmp_path: pathlib.Path, conf: pathlib.Path) -> None:
    del conf
    with pytest.raises(Failed, match=r"openings has source 'db1', expected an IPv4 address or network\. Nothing was changed"):
        Module(tmp_path, Firewalld()).apply([{**MYSQL, "sources": ["db1"]}])


def test_words() -> None:
    result = {"kind": "firewall", "subject": "ufw", "opened": ["a"], "closed": ["b"]}
    assert words(result) == ["open a", "close b"]
    assert firewall.sentence("ufw", 1) == "ufw is open for 1 path" and firewall.sentence("ufw", 2).endswith("2 paths")
    assert firewall.sentence("ufw", 0) == "ufw has no rule of ours"


@pytest.mark.parametrize(
    "expr",
    [
        [{"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "10.0.0.1"}}, {"accept": None}],
        [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": {"set": [1, 2]}}}, {"accept": None}],
        [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 443}}, {"drop": None}],
        [{"accept": None}],
        [],
    ],
)
def test_rules_of_nftables_that_are_no_way(expr: list[dict[str, t.Any]]) -> None:
    assert firewall.nft_way({"expr": expr}) is None
