# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packet filter of a host does with a packet that has not been sent: nftables and iptables, read and walked. PRIVATE to the collection.

The answer is "dropped" only where that is certain. A rule that cannot be judged from here (an address set, a module of iptables) is a doubt, and a
doubt speaks for the packet: who is refused by preflight must be able to see the rule that is the reason.
"""

from __future__ import annotations

import json
import operator as operators
import shlex
import typing as t
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

ACCEPT, DROP, GO_ON, DOUBT = "accept", "drop", "go on", "doubt"
TRANSPORTS = ("tcp", "udp", "icmp", "icmpv6", "sctp", "dccp", "udplite", "esp", "ah", "igmp", "vrrp")
PROTOCOL_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "112": "vrrp"}
Json = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Packet:
    """A first packet of a connection, IPv4. What is empty is not known."""

    hook: str  # input or forward
    iif: str = ""
    oif: str = ""
    protocol: str = "tcp"
    dport: int = 0


@dataclass
class Rule:
    """Conditions that all have to hold, and what happens then."""

    matches: list[t.Callable[[Packet], t.Optional[bool]]]
    verdict: str = ""  # accept, drop, jump, goto, return, doubt; empty: goes on
    target: str = ""

    def holds(self, packet: Packet) -> t.Optional[bool]:
        """True, False, or None for a doubt."""
        answers = [match(packet) for match in self.matches]
        if False in answers:
            return False
        return None if None in answers else True


@dataclass
class Chain:
    """A chain of a table; a base chain has a hook."""

    table: str
    name: str
    hook: str = ""
    policy: str = ACCEPT
    rules: list[Rule] = field(default_factory=list)


class Drop(t.NamedTuple):
    """Where a packet ends."""

    chain: str
    by: str


Chains = dict[tuple[str, str], Chain]


def drops(chains: Chains, packet: Packet) -> list[Drop]:
    """Every base chain of the packet's hook that certainly drops it. An accept in one does not undo a drop in another."""
    found = []
    for chain in chains.values():
        if chain.hook != packet.hook:
            continue
        verdict, by = _walk(chains, chain, packet, 0)
        if verdict == DROP:
            found.append(Drop(f"{chain.table} {chain.name}", by))
        elif verdict == GO_ON and chain.policy == DROP:
            found.append(Drop(f"{chain.table} {chain.name}", "policy drop"))
    return found


def _walk(chains: Chains, chain: Chain, packet: Packet, depth: int) -> tuple[str, str]:
    """What a chain decides. After a doubt nothing is certain any more but an accept."""
    doubt = depth > 16
    for number, rule in enumerate(chain.rules, 1):
        holds = rule.holds(packet)
        if holds is False or not rule.verdict:
            continue
        verdict, by = _outcome(chains, chain, rule, packet, depth, number)
        if holds is None:
            doubt = doubt or verdict in (ACCEPT, DOUBT) or rule.verdict in ("return", "goto")
            continue
        if verdict == ACCEPT:
            return ACCEPT, ""
        if verdict == DROP:
            return (DOUBT, "") if doubt else (DROP, by)
        if verdict == DOUBT:
            doubt = True
        if rule.verdict in ("return", "goto"):
            break
    return (DOUBT, "") if doubt else (GO_ON, "")


def _outcome(chains: Chains, chain: Chain, rule: Rule, packet: Packet, depth: int, number: int) -> tuple[str, str]:
    """What a rule that holds decides."""
    if rule.verdict in (ACCEPT, DROP, DOUBT):
        return rule.verdict, f"rule {number} of chain {chain.name}"
    if rule.verdict == "return":
        return GO_ON, ""
    target = chains.get((chain.table, rule.target))
    if target is None or depth > 16:
        return DOUBT, ""
    return _walk(chains, target, packet, depth + 1)


# --- nftables ---------------------------------------------------------------------------------------------------------------------------------------


def from_nft(text: str) -> Chains:
    """Chains for IPv4 out of `nft --json list ruleset`. Raises ValueError."""
    chains: Chains = {}
    for entry in json.loads(text or "{}").get("nftables") or []:
        if "chain" in entry and entry["chain"].get("family") in ("ip", "inet"):
            item = entry["chain"]
            hook = item.get("hook", "") if item.get("type") == "filter" else ""
            table = f"{item['family']} {item['table']}"
            chains[table, item["name"]] = Chain(table, item["name"], hook, item.get("policy", ACCEPT))
        elif "rule" in entry and entry["rule"].get("family") in ("ip", "inet"):
            item = entry["rule"]
            chain = chains.get((f"{item['family']} {item['table']}", item["chain"]))
            if chain is not None:
                chain.rules.append(_nft_rule(item.get("expr") or []))
    return chains


def _nft_rule(expressions: t.Sequence[Json]) -> Rule:
    rule = Rule([])
    for expression in expressions:
        for kind, body in expression.items():
            if kind == "match":
                rule.matches.append(_nft_match(body))
            elif kind in (ACCEPT, DROP, "return"):
                rule.verdict = kind
            elif kind == "reject":
                rule.verdict = DROP
            elif kind in ("jump", "goto"):
                rule.verdict, rule.target = kind, body["target"]
            elif kind in ("vmap", "queue", "limit", "connlimit", "ct count"):
                rule.verdict, rule.matches = rule.verdict or DOUBT, [*rule.matches, *([_unknown] if kind != "vmap" else [])]
            elif kind == "xt":
                _nft_xt(rule, body)
    return rule


def _nft_xt(rule: Rule, body: t.Optional[Json]) -> None:
    """A module of iptables that nft cannot show in its own words."""
    name = str((body or {}).get("name", ""))
    if (body or {}).get("type") == "target":
        rule.verdict = DROP if name in ("REJECT", "DROP") else rule.verdict
    elif name != "comment":
        rule.matches.append(_unknown)


def _unknown(_packet: Packet) -> t.Optional[bool]:
    return None


COMPARED: dict[str, t.Callable[[int, int], bool]] = {"<": operators.lt, ">": operators.gt, "<=": operators.le, ">=": operators.ge}


def _nft_match(body: Json) -> t.Callable[[Packet], t.Optional[bool]]:
    left, right, operator = body.get("left"), body.get("right"), body.get("op", "==")

    def judge(packet: Packet) -> t.Optional[bool]:
        found = _nft_left(left, packet)
        if found is False:
            return False  # a field of another protocol: the rule is not about this packet, whatever the operator
        if operator in COMPARED:
            number = str(found)
            return COMPARED[operator](int(number), right) if number.isdigit() and isinstance(right, int) else None
        answer = None if found is None else among(str(found), right)
        if operator in ("==", "in"):
            return answer
        return not answer if operator == "!=" and answer is not None else None

    return judge


def _nft_left(left: t.Any, packet: Packet) -> t.Union[str, bool, None]:
    """The packet's value of a field; None when it is not known, False when the packet has no such field."""
    if not isinstance(left, dict):
        return None
    meta, payload, tracked = left.get("meta"), left.get("payload"), left.get("ct")
    if meta:
        known = {"iifname": packet.iif, "iif": packet.iif, "oifname": packet.oif, "oif": packet.oif, "l4proto": packet.protocol}
        known.update(nfproto="ipv4", protocol="ip")
        key = meta.get("key")
        # A packet that comes in has no way out yet.
        return False if key in ("oif", "oifname") and packet.hook == "input" else known.get(key) or None
    if tracked and tracked.get("key") == "state":
        return "new"
    if payload:
        return _nft_payload(payload.get("protocol"), payload.get("field"), packet)
    return None


def _nft_payload(protocol: t.Any, name: t.Any, packet: Packet) -> t.Union[str, bool, None]:
    if protocol == "ip6" or (protocol in TRANSPORTS and protocol != packet.protocol):
        return False
    if protocol == "ip":
        return packet.protocol if name == "protocol" else None
    if protocol in ("th", packet.protocol) and name == "dport" and packet.dport:
        return str(packet.dport)
    return None


def among(value: str, right: t.Any) -> t.Optional[bool]:
    """Whether a value is one of those on the right side of a match; None for a named set or anything else that is not written there."""
    if isinstance(right, (str, int)):
        text = PROTOCOL_NUMBERS.get(str(right), str(right)) if value in TRANSPORTS else str(right)
        return None if text.startswith("@") else fnmatchcase(value, text.replace("[", "[[]"))
    if isinstance(right, list):
        return _any(among(value, item) for item in right)
    if isinstance(right, dict) and "set" in right:
        members = right["set"]
        return _any(among(value, item) for item in (members if isinstance(members, list) else [members]))
    if isinstance(right, dict) and "range" in right and value.isdigit():
        low, high = right["range"]
        return int(low) <= int(value) <= int(high) if str(low).isdigit() and str(high).isdigit() else None
    return None


def _any(answers: t.Iterable[t.Optional[bool]]) -> t.Optional[bool]:
    found = list(answers)
    return True if True in found else None if None in found else False


# --- iptables ---------------------------------------------------------------------------------------------------------------------------------------

HOOKS = {"INPUT": "input", "FORWARD": "forward"}
# Options that narrow nothing down, with the number of words that follow them.
HARMLESS = {"--comment": 1, "-m": 1, "--match": 1, "--reject-with": 1, "-c": 2}


def from_iptables(text: str, table: str = "iptables filter") -> Chains:
    """Chains of the table filter out of `iptables-save`."""
    chains: Chains = {}
    here = False
    for line in text.splitlines():
        if line.startswith("*"):
            here = line[1:].strip() == "filter"
        elif here and line.startswith(":"):
            name, policy = line[1:].split()[:2]
            chains[table, name] = Chain(table, name, HOOKS.get(name, ""), DROP if policy == "DROP" else ACCEPT)
        elif here and line.startswith("-A "):
            words = shlex.split(line)
            chain = chains.get((table, words[1]))
            if chain is not None:
                chain.rules.append(_iptables_rule(words[2:]))
    return chains


def _iptables_rule(words: t.Sequence[str]) -> Rule:
    rule, inverted, rest = Rule([]), False, list(words)
    while rest:
        word = rest.pop(0)
        if word == "!":
            inverted = True
            continue
        if word in ("-j", "-g"):
            rule.verdict, rule.target = _iptables_verdict(rest.pop(0), word)
        elif word in HARMLESS:
            del rest[: HARMLESS[word]]
        elif word in ("-i", "-o", "-p", "--dport", "--dports", "--ctstate", "--state"):
            rule.matches.append(_iptables_match(word, rest.pop(0), inverted))
        elif word.startswith("-"):
            rule.matches.append(_unknown)
        inverted = False
    return rule


def _iptables_verdict(name: str, word: str) -> tuple[str, str]:
    plain = {"ACCEPT": ACCEPT, "DROP": DROP, "REJECT": DROP, "RETURN": "return"}
    if name in plain:
        return plain[name], ""
    if name.isupper() and name in ("LOG", "MARK", "CONNMARK", "NFLOG", "TCPMSS", "CT", "TRACE", "SET"):
        return "", ""
    return ("goto" if word == "-g" else "jump"), name


def _iptables_match(word: str, text: str, inverted: bool) -> t.Callable[[Packet], t.Optional[bool]]:
    values: list[t.Any] = [{"range": item.split(":")} if ":" in item else item.replace("+", "*") for item in text.split(",")]
    if word in ("--ctstate", "--state"):
        values = [item.lower() for item in text.split(",")]

    def judge(packet: Packet) -> t.Optional[bool]:
        known = {"-i": packet.iif, "-o": packet.oif, "-p": packet.protocol, "--ctstate": "new", "--state": "new"}
        value = known.get(word, str(packet.dport) if packet.dport else "")
        if not value:
            return None
        answer = among(value, values) or ("all" in values if word == "-p" else False)
        return answer != inverted

    return judge
