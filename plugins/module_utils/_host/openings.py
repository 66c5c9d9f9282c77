# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host firewall closes a host, and the commands that open it for exactly what the site needs. Looks, never acts. PRIVATE to the collection."""

from __future__ import annotations

import ipaddress
import json
import shlex
import typing as t

# Everything of ours bears this mark, whatever the firewall: what has it not is never touched.
MARK = "onprem.wandb"
BEGIN, END = f"# BEGIN ANSIBLE MANAGED BLOCK {MARK}", f"# END ANSIBLE MANAGED BLOCK {MARK}"
# firewalld keeps no comments: our rules are those of these two priorities, which nobody takes by chance. The lower comes before the zone's own rules, the
# higher after them, so that an address which the zone locks out stays locked out of what is open to everybody.
PRIORITY = 20611
FIREWALLD, UFW, NFTABLES, IPTABLES = "firewalld", "ufw", "nftables", "iptables"
VRRP = "112"  # by number: /etc/protocols is no part of a minimal system
UFW_BEFORE_RULES = "/etc/ufw/before.rules"
# The file that nftables.service loads at boot; EL's, where it is there.
NFTABLES_CONF, NFTABLES_CONF_EL = "/etc/nftables.conf", "/etc/sysconfig/nftables.conf"
NFTABLES_CHAIN = "inet filter input"  # the name that the distributions' own files give it
# Chains that no operator wrote: they belong to programs that put them there again.
FOREIGN_TABLES = ("firewalld", "kube-proxy", "flannel-ipv4", "flannel-ipv6", "cni_hostport", "netavark")
FOREIGN_CHAINS = ("KUBE-", "FLANNEL", "CNI-", "DOCKER", "f2b-", "ufw-", "ts-", "LIBVIRT", "NETAVARK", "cali-", "CILIUM")
# Matches of iptables that lock single addresses or bursts out, and leave the port open to everybody else.
PASSING = ("--match-set", "--limit", "--rcheck", "--update", "--hashlimit-name", "--connlimit-above", "--rsource")

# Runs a program: its output, or None when it is not there or fails.
Run = t.Callable[[list[str]], t.Optional[str]]
Json = t.Mapping[str, t.Any]


class Opening(t.NamedTuple):
    """One way in: who may reach what."""

    protocol: str  # tcp, udp or vrrp
    port: int = 0  # 0 for vrrp
    sources: tuple[str, ...] = ()  # IPv4 addresses or networks; empty: from anywhere
    service: str = ""


class Way(t.NamedTuple):
    """An opening for one source: what is one rule in every firewall."""

    protocol: str
    port: int
    source: str  # empty: from anywhere


class Look(t.NamedTuple):
    """Who filters what comes in, and where it is to be opened: zones of firewalld, base chains of nftables."""

    manager: str
    places: tuple[str, ...] = ()


def ways(openings: t.Iterable[Opening]) -> list[Way]:
    """One way for each source, in one spelling and once. What is open to everybody needs no rule for single addresses. Raises ValueError."""
    found: dict[Way, None] = {}
    for opening in openings:
        if opening.protocol not in ("tcp", "udp", "vrrp"):
            raise ValueError(f"protocol {opening.protocol!r}, expected tcp, udp or vrrp")
        if opening.protocol == "vrrp" and opening.port:
            raise ValueError(f"vrrp with port {opening.port}: it has no ports, expected 0")
        if opening.protocol != "vrrp" and not 0 < opening.port < 65536:
            raise ValueError(f"{opening.protocol} port {opening.port}, expected 1 to 65535")
        for source in opening.sources or ("",):
            found[Way(opening.protocol, opening.port, plain(source) if source else "")] = None
    return [way for way in found if not way.source or way._replace(source="") not in found]


def plain(source: str) -> str:
    """An address or network as all firewalls print it. Raises ValueError."""
    try:
        network = ipaddress.IPv4Network(source, strict=False)
    except ValueError:
        raise ValueError(f"source {source!r}, expected an IPv4 address or network") from None
    return str(network.network_address) if network.prefixlen == 32 else str(network)


def manager(run: Run) -> str:
    """The host firewall that filters what comes in: firewalld, ufw, nftables, iptables (rules that nobody manages); empty when nothing does."""
    return look(run).manager


def look(run: Run, wanted: t.Sequence[Way] = ()) -> Look:
    """The same, with the places. With ways that are wanted, a rule that closes none of them counts for nothing."""
    if (run(["firewall-cmd", "--state"]) or "").strip() == "running":
        return Look(FIREWALLD, closing_zones(run(["firewall-cmd", "--list-all-zones"]) or "", (run(["firewall-cmd", "--get-default-zone"]) or "").strip()))
    # ufw speaks the operator's language, and as a program in Python it asks LANGUAGE for it first.
    if "Status: active" in (run(["env", "LC_ALL=C", "LANGUAGE=C", "ufw", "status"]) or "").splitlines():
        return Look(UFW)
    for tool in ("iptables-save", "iptables-legacy-save"):
        if iptables_filters(run([tool, "-t", "filter"]) or "", wanted):
            return Look(IPTABLES)
    chains = closing_chains(run(["nft", "--json", "--terse", "list", "ruleset"]) or "", wanted)
    return Look(NFTABLES, chains) if chains else Look("")


# --- firewalld: which zones close -----------------------------------------------------------------------------------------------------------------------


def closing_zones(text: str, default: str) -> tuple[str, ...]:
    """Zones through which hosts may come in, out of `--list-all-zones`: those in use, and the one of interfaces that have none. Not what lets all in."""
    zones: dict[str, bool] = {}
    targets: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        words = line.split()
        if words and not line[:1].isspace():
            name = words[0]
            zones[name] = name == default or "active" in line[len(name) :]
        elif words[:1] == ["target:"]:
            targets[name] = words[-1]
    return tuple(name for name, used in zones.items() if used and targets.get(name) != "ACCEPT")


# --- nftables: which chains close ---------------------------------------------------------------------------------------------------------------------


def about(protocol: str, ranges: t.Sequence[t.Sequence[int]], wanted: t.Sequence[Way]) -> bool:
    """Whether a rule about these ports is about anything that is wanted; about all when nothing is."""
    return not wanted or any(protocol in ("", "th", way.protocol) and low <= way.port <= high for way in wanted for low, high in ranges)


def closing_chains(text: str, wanted: t.Sequence[Way] = ()) -> tuple[str, ...]:
    """Base chains of somebody's own that close ports to what comes in, as `family table name`."""
    try:
        entries = json.loads(text or "{}").get("nftables") or []
    except ValueError:
        return ()
    chains = {key(item, item["name"]): item for item in of_kind(entries, "chain") if own(item)}
    rules: dict[tuple[str, str, str], list[Json]] = {}
    for item in of_kind(entries, "rule"):
        rules.setdefault(key(item, item["chain"]), []).append(item)
    return tuple(
        " ".join(place)
        for place, chain in chains.items()
        if chain.get("hook") == "input" and chain.get("type") == "filter" and (chain.get("policy") == "drop" or closes(rules, place, wanted, 0))
    )


def of_kind(entries: t.Sequence[Json], kind: str) -> list[Json]:
    return [entry[kind] for entry in entries if kind in entry and entry[kind].get("family") in ("ip", "inet")]


def key(item: Json, chain: str) -> tuple[str, str, str]:
    return item["family"], item["table"], chain


def own(chain: Json) -> bool:
    """Neither a program's nor the copy that nftables shows of a table of iptables: its base chains have capitals."""
    return chain["table"] not in FOREIGN_TABLES and not (chain["family"] == "ip" and chain["name"] == "INPUT") and not foreign(chain["name"])


def foreign(chain: str) -> bool:
    return chain.startswith(FOREIGN_CHAINS)


def closes(rules: t.Mapping[tuple[str, str, str], t.Sequence[Json]], place: tuple[str, str, str], wanted: t.Sequence[Way], depth: int) -> bool:
    """Whether a chain, or one that it calls, has a rule that refuses new connections."""
    for rule in rules.get(place, []):
        parts = {kind: body for expression in rule.get("expr") or [] for kind, body in expression.items()}
        # A set of addresses that are locked out (fail2ban), a limit, a state that no first packet has: the port stays open to others.
        if any(passing(expression, wanted) for expression in rule.get("expr") or []):
            continue
        target = (parts.get("jump") or parts.get("goto") or {}).get("target")
        if "drop" in parts or "reject" in parts:
            return True
        if target and depth < 16 and not foreign(target) and closes(rules, (place[0], place[1], target), wanted, depth + 1):
            return True
    return False


# Which ports a rule is about, by the sign before its number.
PORTS: dict[str, t.Callable[[t.Any], tuple[t.Any, t.Any]]] = {
    "==": lambda port: (port, port),
    "<=": lambda port: (0, port),
    ">=": lambda port: (port, 65535),
    "<": lambda port: (0, port - 1 if isinstance(port, int) else port),
    ">": lambda port: (port + 1 if isinstance(port, int) else port, 65535),
}


def passing(expression: Json, wanted: t.Sequence[Way]) -> bool:
    """A condition under which a refusal does not close a port, or not one that is wanted."""
    if "limit" in expression or "ct count" in expression:
        return True
    match = expression.get("match") or {}
    left, right = match.get("left") or {}, match.get("right")
    values = right.get("set", [right]) if isinstance(right, dict) else right if isinstance(right, list) else [right]
    payload = left.get("payload") or {} if isinstance(left, dict) else {}
    if payload.get("field") == "dport" and match.get("op") in PORTS:
        sides = PORTS[match["op"]]
        bounds: list[t.Any] = [value["range"] if isinstance(value, dict) and "range" in value else sides(value) for value in values]
        if all(isinstance(end, int) for bound in bounds for end in bound) and not about(payload["protocol"], bounds, wanted):
            return True
    if isinstance(right, str) and right.startswith("@"):
        return True
    if isinstance(left, dict) and (left.get("ct") or {}).get("key") == "state":
        return ("new" in values) == (match.get("op") == "!=")
    return isinstance(left, dict) and (left.get("meta") or {}).get("key") in ("iif", "iifname") and right == "lo" and match.get("op") != "!="


# --- iptables: whether it closes ----------------------------------------------------------------------------------------------------------------------


def iptables_filters(text: str, wanted: t.Sequence[Way] = ()) -> bool:
    """Whether the chain INPUT closes ports to what comes in, out of `iptables-save`. Chains of programs do not count."""
    policies: dict[str, str] = {}
    rules: dict[str, list[list[str]]] = {}
    for line in text.splitlines():
        if line.startswith(":"):
            name, policy = line[1:].split()[:2]
            policies[name] = policy
        elif line.startswith("-A "):
            words = shlex.split(line)
            rules.setdefault(words[1], []).append(words[2:])
    return policies.get("INPUT") == "DROP" or iptables_closes(rules, "INPUT", wanted, 0)


def iptables_closes(rules: t.Mapping[str, t.Sequence[t.Sequence[str]]], chain: str, wanted: t.Sequence[Way], depth: int) -> bool:
    for words in rules.get(chain, []):
        options = dict(zip(words, words[1:]))
        target = options.get("-j") or options.get("-g") or ""
        states = options.get("--ctstate") or options.get("--state") or "NEW"
        ports = options.get("--dport") or options.get("--dports") or ""
        if any(word in PASSING for word in words) or "NEW" not in states.split(",") or words[:2] == ["-i", "lo"]:
            continue
        bounds = [item.partition(":") for item in ports.split(",")] if ports and "!" not in words else []
        if bounds and not about(options.get("-p", ""), [(int(low), int(high or low)) for low, _colon, high in bounds], wanted):
            continue
        if target in ("DROP", "REJECT") or (depth < 16 and target and not foreign(target) and iptables_closes(rules, target, wanted, depth + 1)):
            return True
    return False


# --- rules in the words of each firewall --------------------------------------------------------------------------------------------------------------


def rich_rule(way: Way) -> str:
    """A rule of firewalld, as it prints it itself."""
    source = f' family="ipv4" source address="{way.source}"' if way.source else ""
    what = f'protocol value="{VRRP}"' if way.protocol == "vrrp" else f'port port="{way.port}" protocol="{way.protocol}"'
    return f'rule priority="{-PRIORITY if way.source else PRIORITY}"{source} {what} accept'


def is_ours(rule: str) -> bool:
    """Whether a rich rule bears our mark."""
    return any(f'priority="{number}"' in rule.split() for number in (PRIORITY, -PRIORITY))


def ufw_rule(way: Way) -> list[str]:
    """The arguments of a rule of ufw. For one source it stands first, so that no refusal of the operator hides it; for everybody it stands last."""
    order = ["prepend"] if way.source else []
    return [*order, "allow", "proto", way.protocol, "from", way.source or "any", "to", "any", "port", str(way.port), "comment", MARK]


def ufw_before_rule(way: Way) -> str:
    """VRRP in ufw's before.rules: its commands know that protocol from 0.36.2 on, Ubuntu 22.04 has 0.36.1."""
    source = f"-s {way.source} " if way.source else ""
    return f"-A ufw-before-input {source}-p {VRRP} -m comment --comment {MARK} -j ACCEPT"


def nft_rule(chain: str, way: Way) -> str:
    """The arguments of `nft insert rule`."""
    source = f"ip saddr {way.source} " if way.source else ""
    what = f"ip protocol {VRRP}" if way.protocol == "vrrp" else f"{way.protocol} dport {way.port}"
    return f'{chain} {source}{what} accept comment "{MARK}"'


def nft_lines(chains: t.Sequence[str], wanted: t.Sequence[Way]) -> list[str]:
    """Lines at the end of the file that is loaded at boot, where all chains are known."""
    return [f"insert rule {nft_rule(chain, way)}" for chain in chains for way in wanted]


def ours_of(text: str) -> list[str]:
    """Our lines of a file."""
    return text.partition(f"{BEGIN}\n")[2].partition(END)[0].splitlines() if END in text else []


def iptables_rule(way: Way) -> str:
    """The arguments of `iptables -I` and `-C` after the chain."""
    source = f"-s {way.source} " if way.source else ""
    what = f"-p {VRRP}" if way.protocol == "vrrp" else f"-p {way.protocol} --dport {way.port}"
    return f"{source}{what} -m comment --comment {MARK} -j ACCEPT"


def commands(active: str, openings: t.Iterable[Opening], places: t.Sequence[str] = ()) -> list[str]:
    """Lines for a root shell that open exactly these, now and after a boot. Where, `look` knows. Raises ValueError."""
    wanted = ways(openings)
    if not active or not wanted:
        return []
    if active == FIREWALLD:
        return for_firewalld(wanted, places)
    if active == UFW:
        return for_ufw(wanted)
    if active == NFTABLES:
        return for_nftables(wanted, places or (NFTABLES_CHAIN,))
    if active == IPTABLES:
        return for_iptables(wanted)
    raise ValueError(f"host firewall {active!r}, expected {FIREWALLD}, {UFW}, {NFTABLES} or {IPTABLES}")


def for_firewalld(wanted: t.Sequence[Way], zones: t.Sequence[str]) -> list[str]:
    """At once and for the next start. Without a zone both mean the default zone."""
    return [
        f"firewall-cmd{zone}{permanent} --add-rich-rule={shlex.quote(rich_rule(way))}"
        for zone in ([f" --zone={name}" for name in zones] or [""])
        for way in wanted
        for permanent in ("", " --permanent")
    ]


def for_ufw(wanted: t.Sequence[Way]) -> list[str]:
    """VRRP goes into a block in front of the line COMMIT of the table filter; a file may have more tables."""
    lines = [f"ufw {shlex.join(ufw_rule(way))}" for way in wanted if way.protocol != "vrrp"]
    before = [ufw_before_rule(way) for way in wanted if way.protocol == "vrrp"]
    if before:
        block = "\\n".join([BEGIN, *before, END])
        lines += [without_block(UFW_BEFORE_RULES), f"sed -i '/^\\*filter/,/^COMMIT/ s|^COMMIT|{block}\\nCOMMIT|' {UFW_BEFORE_RULES}", "ufw reload"]
    return lines


def without_block(path: str) -> str:
    """Takes away what was written before, so that lines that are pasted twice stand there once."""
    return f"sed -i '/^{BEGIN}$/,/^{END}$/d' {path}"


def for_nftables(wanted: t.Sequence[Way], chains: t.Sequence[str]) -> list[str]:
    """At once, and at the end of the file that is loaded at boot."""
    lines = nft_lines(chains, wanted)
    return [
        *(f"nft {shlex.quote(line)}" for line in lines),
        f"conf={NFTABLES_CONF}; [ ! -e {NFTABLES_CONF_EL} ] || conf={NFTABLES_CONF_EL}",
        without_block("$conf"),
        *(f"echo {shlex.quote(line)} >> $conf" for line in [BEGIN, *lines, END]),
    ]


def for_iptables(wanted: t.Sequence[Way]) -> list[str]:
    """At once. Who sets the other rules at boot is not known."""
    rules = [iptables_rule(way) for way in wanted]
    return [f"iptables -C INPUT {rule} 2>/dev/null || iptables -I INPUT {rule}" for rule in rules] + [
        "# For the next boot they belong into what sets the others: netfilter-persistent reads /etc/iptables/rules.v4, EL /etc/sysconfig/iptables."
    ]
