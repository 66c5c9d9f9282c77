# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What README.md and docs/network.md tell a first operator, read out of them: commands, variables, ports. Nothing of it is written here again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

FIRST_PAGE_ENDS = "## Sizes and sandboxes"


def first_page(text: str) -> str:
    """What somebody reads before the first run."""
    page, found, _rest = text.partition(FIRST_PAGE_ENDS)
    if not found:
        raise ValueError(f"README.md has no heading {FIRST_PAGE_ENDS!r}, where its first page ends")
    return page


def block(text: str, begin: str, end: str) -> str:
    """What stands between <!-- begin --> and <!-- end -->."""
    found = re.search(rf"<!-- {begin} -->\n(.*?)<!-- {end} -->", text, re.DOTALL)
    if not found:
        raise ValueError(f"there is no block <!-- {begin} --> that ends with <!-- {end} -->")
    return found[1]


def install_commands(text: str) -> list[str]:
    """The lines that install the collection and make an inventory."""
    return [line for line in block(text, "install:begin", "install:end").splitlines() if line and not line.startswith("```")]


def variables(text: str) -> set[str]:
    """Every name that the first page has in code style: what an operator may set by its words."""
    return {name for quoted in re.findall(r"`([^`\n]+)`", first_page(text)) for name in re.findall(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b", quoted)}


def rows(text: str) -> Iterator[list[str]]:
    """Cells of the rows of a table, without its head."""
    for line in [line for line in text.splitlines() if line.startswith("|")][2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


@dataclass(frozen=True)
class Way:
    """Who may reach which hosts, and how."""

    to: tuple[str, ...]
    sources: tuple[str, ...]
    protocol: str
    port: int


def words(cell: str, separator: str = ",") -> tuple[str, ...]:
    return tuple(word.strip().strip("`") for word in cell.split(separator))


def ports(text: str) -> list[Way]:
    """The table of docs/network.md: at, what, port, from, variable."""
    found = []
    for to, _what, port, sources, _variable in rows(block(text, "paths:begin", "paths:end")):
        kind, _blank, number = port.partition(" ")
        # "`kube_node`, `mysql`" are groups; "anybody: browsers, training machines" is one word for all of them.
        who = [name for source in words(sources, ";") for name in (words(source) if source.startswith(("`", "kube", "mysql", "redis", "minio")) else [source])]
        found.append(Way(words(to), tuple(who), kind.lower(), int(number or 0)))
    return found


def tuesday(text: str) -> list[str]:
    """Every command of the table of a Tuesday: playbook and its arguments."""
    section = re.search(r"^## What you do on a Tuesday$(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"`(onprem\.wandb\.[^`]+)`", "\n".join(row[-1] for row in rows(section[1]))) if section else []


def ruleset(ways: Sequence[Way], host_groups: Sequence[str], addresses: Mapping[str, Sequence[str]]) -> str:
    """/etc/nftables.conf of a host: what is not in the table is dropped. `addresses`: group or word of the table to addresses."""
    lines = ["ct state established,related accept", "ct state invalid drop", "iifname lo accept", "meta l4proto { icmp, ipv6-icmp } accept"]
    for way in ways:
        if "every host" not in way.to and not set(way.to) & set(host_groups):
            continue
        unknown = set(way.sources) - set(addresses)
        if unknown:
            raise ValueError(f"docs/network.md speaks of {', '.join(sorted(unknown))}: nobody knows who that is")
        sources = sorted({address for source in way.sources for address in addresses[source]})
        what = f"{way.protocol} dport {way.port}" if way.port else f"meta l4proto {way.protocol}"
        lines.append(f"ip saddr {{ {', '.join(sources)} }} {what} accept")
    body = "\n".join(f"    {line}" for line in lines)
    return (
        "#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n  chain input {\n    type filter hook input priority filter; policy drop;\n"
        f"{body}\n    counter comment \"dropped\"\n  }}\n}}\n"
    )
