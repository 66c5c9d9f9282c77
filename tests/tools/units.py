#!/usr/bin/env python3
"""Figures of `systemd-analyze security` for every unit of the collection on the hosts of a lab:  units.py --lab .lab-x [--write README.md]

0 is closed, 10 is open. Units are found by their files: the collection signs them. containerd and kubelet run containers and are left out.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
LEFT_OUT = ("containerd", "kubelet")
BEGIN, END = "<!-- units: written by tests/tools/units.py -->", "<!-- /units -->"
LOOK = r"""
for file in $(grep -rlE 'onprem.wandb' /etc/systemd/system --include='*.service' --include='*.conf' 2>/dev/null); do
  case $file in *.service.d/*) unit=$(basename "$(dirname "$file")" .d);; *) unit=$(basename "$file");; esac
  echo "$unit"
done | sort -u | while read -r unit; do
  asked=${unit/@./@x.}  # of a template an instance is asked
  figure=$(systemd-analyze security --no-pager "$asked" 2>/dev/null | sed -n 's/.*Overall exposure level for .*: \([0-9.]*\).*/\1/p')
  echo "$unit|$figure|$(systemctl show "$asked" --property=User --value)|$(systemctl show "$asked" --property=CapabilityBoundingSet --value)"
done
"""


def ask(state: Path, address: str) -> list[list[str]]:
    """Unit, figure, user and capabilities of each unit of a host."""
    options = ["-o", f"UserKnownHostsFile={state / 'ssh/known_hosts'}", "-o", "BatchMode=yes", "-i", str(state / "ssh/id_ed25519")]
    said = subprocess.run(["ssh", *options, f"root@{address}", LOOK], check=True, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL).stdout
    return [line.split("|") for line in said.splitlines() if line.count("|") == 3]


def collect(state: Path) -> dict[str, dict[str, str]]:
    """What each unit has; a unit on several hosts counts once, with its worst figure."""
    groups = yaml.safe_load((state / "inventory/hosts.yml").read_text(encoding="utf-8"))["all"]["children"]
    addresses = {name: host["ansible_host"] for group in groups.values() for name, host in group["hosts"].items()}
    found: dict[str, dict[str, str]] = {}
    for address in addresses.values():
        for unit, figure, user, capabilities in ask(state, address):
            if unit.startswith(LEFT_OUT) or not figure:
                continue
            if unit not in found or float(figure) > float(found[unit]["exposure"]):
                found[unit] = {"exposure": figure, "user": user or "root", "capabilities": capabilities if len(capabilities) < 200 else "all"}
    return found


def table(found: dict[str, dict[str, str]]) -> str:
    """Markdown, the most open unit first."""
    lines = ["| unit | exposure | user | capabilities |", "|---|---|---|---|"]
    for unit, entry in sorted(found.items(), key=lambda item: (-float(item[1]["exposure"]), item[0])):
        capabilities = " ".join(word.upper() for word in entry["capabilities"].split()) or "none"
        lines.append(f"| `{unit}` | {entry['exposure']} | {entry['user']} | {capabilities} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", default=".lab", help="state directory of a running lab with the data tier")
    parser.add_argument("--write", type=Path, help="Markdown file whose table is replaced")
    parser.add_argument("--most", type=float, default=10.0, help="fail when a unit is more open than this")
    given = parser.parse_args()
    found = collect((TOP / given.lab).resolve())
    if not found:
        print("no unit of the collection was found: run the playbooks of the data tier first", file=sys.stderr)
        return 1
    if given.write:
        text = given.write.read_text(encoding="utf-8")
        given.write.write_text(re.sub(f"{BEGIN}.*{END}", f"{BEGIN}\n{table(found)}\n{END}", text, flags=re.DOTALL), encoding="utf-8")
    print(table(found) if sys.stdout.isatty() or not given.write else json.dumps(found))
    open_ones = [unit for unit, entry in found.items() if float(entry["exposure"]) > given.most]
    if open_ones:
        print(f"more open than {given.most}: {', '.join(open_ones)}", file=sys.stderr)
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
