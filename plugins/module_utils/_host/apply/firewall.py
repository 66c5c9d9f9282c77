# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own firewall, open for exactly what is asked for, now and after a boot. Rules without our mark stay as they are. PRIVATE to the collection."""

from __future__ import annotations

import json
import os
import re
import shlex
import tempfile
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._host import foreign
from ansible_collections.onprem.wandb.plugins.module_utils._host import openings as o
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply.block import with_block
from ansible_collections.onprem.wandb.plugins.module_utils._sync import sync

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC: dict[str, t.Any] = {
    "openings": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "protocol": {"type": "str", "choices": ["tcp", "udp", "vrrp"], "required": True},
            "port": {"type": "int", "default": 0},
            "sources": {"type": "list", "elements": "str", "default": []},
            "service": {"type": "str", "default": ""},
        },
    },
}


# ufw and firewalld are programs in Python, which look at LANGUAGE first.
ENGLISH = {"LC_ALL": "C", "LANGUAGE": "C"}


class Plan(t.NamedTuple):
    """What is missing and what is too much, in words, and how it is done."""

    opened: list[str]
    closed: list[str]
    act: t.Callable[[], None]


class Host:
    """Programs of the host, in a language that can be read."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module

    def ask(self, command: t.Sequence[str]) -> t.Optional[str]:
        """Its output, or None when it is not there or fails."""
        program = self.module.get_bin_path(command[0])
        if not program:
            return None
        code, output, _errors = self.module.run_command([program, *command[1:]], environ_update=ENGLISH)
        return str(output) if code == 0 else None

    def do(self, command: t.Sequence[str], data: t.Optional[str] = None) -> str:
        """Its output, or the end with a sentence."""
        code, output, errors = self.module.run_command(list(command), data=data, environ_update=ENGLISH)
        if code:
            failed_command = shlex.join(command)
            shown = f" It read: {data.strip()}." if data else ""
            self.module.fail_json(msg=f"`{failed_command}` ended with {code}, expected 0: {(errors or output).strip()}.{shown} Next: {failed_command}")
        return str(output)

    def read(self, path: str) -> str:
        """The text of a file; empty when it is not there."""
        try:
            return foreign.load(path)
        except FileNotFoundError:
            return ""

    def write(self, path: str, text: str) -> None:
        """A file that is there, with its owner and mode."""
        path = os.path.realpath(path)
        number, name = tempfile.mkstemp()
        foreign.store(number, text)
        self.module.atomic_move(name, path)
        sync(path)  # it may have been copied into place, from another file system


# --- firewalld ----------------------------------------------------------------------------------------------------------------------------------------


def rich_rules(text: str) -> dict[str, list[str]]:
    """Rich rules by zone, out of `--list-all-zones`."""
    zones: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line and not line[0].isspace():
            name = line.split()[0]
            zones[name] = []
        elif line.strip().startswith("rule "):
            zones[name].append(line.strip())
    return zones


def firewalld(host: Host, look: o.Look, wanted: t.Sequence[o.Way]) -> t.Optional[Plan]:
    """What runs and what the next start reads, each by itself. A firewalld that does not run has files alone."""
    if (host.ask(["firewall-cmd", "--state"]) or "").strip() == "running":
        tools = [["firewall-cmd"], ["firewall-cmd", "--permanent"]]
    elif host.module.get_bin_path("firewall-offline-cmd"):
        tools = [["firewall-offline-cmd"]]
    else:
        return None
    opened: dict[str, None] = {}
    closed: dict[str, None] = {}
    todo: list[list[str]] = []
    rules = [o.rich_rule(way) for way in wanted]
    for tool in tools:
        for zone, present in rich_rules(host.do([*tool, "--list-all-zones"])).items():
            due = rules if zone in look.places else []
            missing = [rule for rule in due if rule not in present]
            surplus = [rule for rule in present if o.is_ours(rule) and rule not in due]
            opened.update(dict.fromkeys(f"zone {zone}: {rule}" for rule in missing))
            closed.update(dict.fromkeys(f"zone {zone}: {rule}" for rule in surplus))
            for verb, some in (("add", missing), ("remove", surplus)):
                todo += [[*tool, f"--zone={zone}", *(f"--{verb}-rich-rule={rule}" for rule in some)]] if some else []

    def act() -> None:
        for command in todo:
            host.do(command)

    return Plan(list(opened), list(closed), act)


# --- ufw ----------------------------------------------------------------------------------------------------------------------------------------------


def ufw_way(words: t.Sequence[str]) -> t.Optional[o.Way]:
    """What a rule of `ufw show added` opens, without its comment; None for a rule that no way becomes."""
    short = re.fullmatch(r"allow (\d+)/(tcp|udp)", " ".join(words))
    if short:
        return o.Way(short[2], int(short[1]), "")
    long = re.fullmatch(r"allow from (\S+) to any port (\d+) proto (tcp|udp)", " ".join(words))
    return o.Way(long[3], int(long[2]), long[1]) if long else None


def ufw_added(text: str) -> list[tuple[list[str], str]]:
    """Rules of `ufw show added`: words without the comment, comment."""
    found = []
    for line in text.splitlines():
        words = shlex.split(line) if line.startswith("ufw ") else []
        if words:
            commented = len(words) > 2 and words[-2] == "comment"
            found.append((words[1:-2], words[-1]) if commented else (words[1:], ""))
    return found


def ufw_before(text: str, lines: t.Sequence[str]) -> str:
    """before.rules with our lines at the end of the table filter, where its chains are known. Raises ValueError."""
    bare = with_block(text, "", o.BEGIN, o.END)
    if not lines:
        return bare
    head, table, rest = bare.partition("*filter\n")
    rules, commit, others = rest.partition("\nCOMMIT")
    if not table or not commit:
        raise ValueError("no table filter that ends with COMMIT")
    return "".join([head, table, rules, "\n", "\n".join([o.BEGIN, *lines, o.END]), commit, others])


def ufw_loaded(text: str) -> list[str]:
    """Sources of our lines of before.rules that the kernel has, out of `iptables-save`."""
    ours = [line.split() for line in text.splitlines() if line.startswith("-A ufw-before-input ") and o.MARK in line]
    return sorted(words[words.index("-s") + 1] if "-s" in words else "" for words in ours)


def ufw(host: Host, look: o.Look, wanted: t.Sequence[o.Way]) -> t.Optional[Plan]:
    """Rules by ufw's own commands; what these cannot say in before.rules. A rule of the operator that opens the same is left alone, and enough."""
    said = host.ask(["ufw", "show", "added"])
    if said is None:
        return None
    rules = ufw_added(said)
    ports = [way for way in wanted if way.protocol != "vrrp"]
    missing = [way for way in ports if way not in {ufw_way(words) for words, _comment in rules}]
    surplus = [words for words, comment in rules if comment == o.MARK and ufw_way(words) not in ports]
    vrrp = [way for way in wanted if way.protocol == "vrrp"]
    before = host.read(o.UFW_BEFORE_RULES)
    try:
        after = ufw_before(before, [o.ufw_before_rule(way) for way in vrrp])
    except ValueError as error:
        host.module.fail_json(
            msg=f"{o.UFW_BEFORE_RULES} has {error}, expected what ufw brings: VRRP cannot be opened. Nothing was changed. Next: diff"
            f" /usr/share/ufw/iptables/before.rules {o.UFW_BEFORE_RULES}"
        )
    active = look.manager == o.UFW
    loaded = ufw_loaded(host.ask(["iptables-save", "-t", "filter"]) or "") if active else []
    reload = active and (after != before or loaded != sorted(f"{way.source}/32" if way.source and "/" not in way.source else way.source for way in vrrp))

    def act() -> None:
        for words in surplus:
            host.do(["ufw", "delete", *words])
        for way in missing:
            host.do(["ufw", *o.ufw_rule(way)])
        if after != before:
            host.write(o.UFW_BEFORE_RULES, after)
        if reload:
            host.do(["ufw", "reload"])

    lines_before, lines_after = o.ours_of(before), o.ours_of(after)
    opened = [" ".join(o.ufw_rule(way)) for way in missing] + [f"{o.UFW_BEFORE_RULES}: {line}" for line in lines_after if line not in lines_before]
    closed = [" ".join(words) for words in surplus] + [f"{o.UFW_BEFORE_RULES}: {line}" for line in lines_before if line not in lines_after]
    return Plan(opened or (["reload"] if reload and not closed else []), closed, act)


# --- nftables -----------------------------------------------------------------------------------------------------------------------------------------


def nft_way(rule: t.Mapping[str, t.Any]) -> t.Optional[o.Way]:
    """What a rule of `nft --json` opens; None for a rule that no way becomes."""
    protocol, port, source = "", 0, ""
    *matches, verdict = rule.get("expr") or [{}]
    for expression in matches:
        match = expression.get("match") or {}
        payload = (match.get("left") or {}).get("payload") or {}
        field, right = (payload.get("protocol"), payload.get("field")), match.get("right")
        if field == ("ip", "saddr") and match.get("op") == "==":
            prefix = right.get("prefix") if isinstance(right, dict) else None
            source = f"{prefix['addr']}/{prefix['len']}" if prefix else str(right)
        elif field in (("tcp", "dport"), ("udp", "dport")) and match.get("op") == "==" and isinstance(right, int):
            protocol, port = field[0], right
        elif field == ("ip", "protocol") and str(right) in (o.VRRP, "vrrp"):
            protocol = "vrrp"
        else:
            return None
    return o.Way(protocol, port, source) if protocol and "accept" in verdict else None


def nftables(host: Host, look: o.Look, wanted: t.Sequence[o.Way]) -> t.Optional[Plan]:
    """Rules in the chains that close, and the same at the end of the file that the next boot loads."""
    said = host.ask(["nft", "--json", "--terse", "list", "ruleset"])
    if said is None:
        return None
    due = [(chain, way) for chain in look.places for way in wanted]
    ours: list[tuple[int, tuple[str, t.Optional[o.Way]]]] = []
    for rule in o.of_kind(json.loads(said or "{}").get("nftables") or [], "rule"):
        if rule.get("comment") == o.MARK and o.own({**rule, "name": rule["chain"]}):
            ours.append((rule["handle"], (" ".join(o.key(rule, rule["chain"])), nft_way(rule))))
    missing = [one for one in due if one not in [other for _handle, other in ours]]
    surplus = [(handle, one) for number, (handle, one) in enumerate(ours) if one not in due or one in [other for _handle, other in ours[:number]]]
    conf = next((path for path in (o.NFTABLES_CONF_EL, o.NFTABLES_CONF) if os.path.exists(path)), "")
    before = host.read(conf) if conf else ""
    after = with_block(before, "\n".join(o.nft_lines(look.places, wanted)), o.BEGIN, o.END)
    if due and (after != before or missing):
        survives(host, look, conf, before, after, wanted)
    lines = [f"delete rule {chain} handle {handle}" for handle, (chain, _way) in surplus] + [f"insert rule {o.nft_rule(chain, way)}" for chain, way in missing]

    def act() -> None:
        if lines:
            host.do([host.module.get_bin_path("nft", required=True), "--file", "-"], "".join(f"{line}\n" for line in lines))
        if after != before:
            host.write(conf, after)

    opened = dict.fromkeys([o.nft_rule(chain, way) for chain, way in missing] + [line[12:] for line in o.ours_of(after) if line not in o.ours_of(before)])
    gone = [o.nft_rule(chain, way) if way else f"{chain} handle {handle}" for handle, (chain, way) in surplus]
    closed = dict.fromkeys(gone + [line[12:] for line in o.ours_of(before) if line not in o.ours_of(after)])
    return Plan(list(opened), list(closed), act)


def survives(host: Host, look: o.Look, conf: str, before: str, after: str, wanted: t.Sequence[o.Way]) -> None:
    """Whether the next boot can load the file with our lines: tried in a network of its own, where there is nothing but what the file makes."""
    reason = ""
    if not conf:
        reason = f"there is neither {o.NFTABLES_CONF} nor {o.NFTABLES_CONF_EL}"
    elif (host.ask(["systemctl", "is-enabled", "nftables.service"]) or "").strip() != "enabled":
        reason = "nftables.service, which loads it at boot, is not enabled"
    else:
        reason = tried(host, after, alone=True)
        if reason and tried(host, before, alone=True):
            # A file that names interfaces by number loads in no other network. Then it is tried here, where the chains are there already.
            reason = tried(host, after, alone=False)
    if reason:
        by_hand = "\n".join(f"nft {shlex.quote(line)}" for line in o.nft_lines(look.places, wanted))
        host.module.fail_json(
            msg=f"nftables closes this host in {', '.join(look.places)}, and {conf or 'no file'} cannot open it again after a boot: {reason}. "
            f"Nothing was changed. These open it now, and belong into whatever makes the chains. Next:\n{by_hand}"
        )


def tried(host: Host, text: str, alone: bool) -> str:
    """Why nft does not take a file; empty when it does."""
    # Not module.tmpdir: on a host that never had one it would make it, in check mode too, and warn.
    number, name = tempfile.mkstemp()
    foreign.store(number, text)
    nft, unshare = (host.module.get_bin_path(program, required=True) for program in ("nft", "unshare"))
    code, output, errors = host.module.run_command([*([unshare, "--net"] if alone else []), nft, "--check", "--file", name], environ_update=ENGLISH)
    os.unlink(name)
    return str(errors or output).strip().replace(name, "the file").partition("\n")[0] if code else ""


# --- the state ----------------------------------------------------------------------------------------------------------------------------------------

KINDS = {o.FIREWALLD: firewalld, o.UFW: ufw, o.NFTABLES: nftables}


def plans(host: Host, look: o.Look, wanted: t.Sequence[o.Way]) -> list[Plan]:
    """The active firewall gets what is wanted. Every other one that is installed keeps nothing of ours: it may be switched on again."""
    found = [kind(host, look if name == look.manager else o.Look(""), wanted if name == look.manager else []) for name, kind in KINDS.items()]
    return [plan for plan in found if plan and (plan.opened or plan.closed)]


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """The work of one call."""
    host = Host(module)
    asked = [o.Opening(item["protocol"], item["port"], tuple(item["sources"]), item["service"]) for item in module.params["openings"]]
    try:
        wanted = o.ways(asked)
    except ValueError as error:
        module.fail_json(msg=f"openings has {error}. Nothing was changed. Next: ansible-inventory -i <inventory> --list")
    look = o.look(host.ask, wanted)
    if look.manager == o.IPTABLES and wanted:
        by_hand = "\n".join(o.commands(o.IPTABLES, asked))
        module.fail_json(
            msg="Rules of iptables close this host, and nobody manages them: neither firewalld nor ufw is active, so nothing that would be opened here stays "
            f"open after a boot. Nothing was changed. Next:\n{by_hand}"
        )
    todo = plans(host, look, wanted)
    opened = [line for plan in todo for line in plan.opened]
    closed = [line for plan in todo for line in plan.closed]
    if not module.check_mode:
        for plan in todo:
            plan.act()
        left = plans(host, o.look(host.ask, wanted), wanted) if todo else []
        if left:
            words = [*(f"open {line}" for plan in left for line in plan.opened), *(f"close {line}" for plan in left for line in plan.closed)]
            module.fail_json(
                msg=f"{look.manager or 'The host firewall'} took all commands, and this is still to do: {'; '.join(words)}. Expected nothing. "
                "Something else writes its rules. Next: journalctl -b --grep 'firewall|ufw|nft'",
                changed=True,
            )
    return {"changed": bool(todo), "manager": look.manager, "opened": opened, "closed": closed, "msg": sentence(look.manager, len(wanted))}


def sentence(manager: str, count: int) -> str:
    """How the host is left."""
    if not manager:
        return "No host firewall closes any of these paths: there is nothing to open"
    return f"{manager} is open for {count} path{'s'[: count != 1]}" if count else f"{manager} has no rule of ours"
