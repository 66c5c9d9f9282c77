#!/usr/bin/env python3
"""`make bench`: bare hosts to serving, the no-op re-run, the floor that SSH sets, where the time goes, and the object store.

Prints a table, writes .lab/bench.json; with --readme also the block of measured numbers in README.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

import bench_storage
from workshop.base import LAB, LOGS, TOP, environment
from workshop.docs import replace_block
from workshop.measure import machine, timed

RESULT = LAB / "bench.json"
TARGETS = {"bare_to_serving": 360.0, "noop": 60.0}


def site(inventory: str, name: str) -> dict[str, Any]:
    """One run of the whole site with the numbers of the callback plugin layers."""
    report = LOGS / f"bench-{name}.json"
    extra = {"ANSIBLE_CALLBACKS_ENABLED": "onprem.wandb.layers", "ONPREM_WANDB_LAYERS_JSON": str(report)}
    seconds = timed(["ansible-playbook", "-i", inventory, "playbooks/site.yml"], name, **extra)
    return {**json.loads(report.read_text(encoding="utf-8")), "seconds": seconds}


def ping(inventory: str, times: int = 5) -> list[float]:
    """What reaching every host costs, without doing anything."""
    return [timed(["ansible", "-i", inventory, "all", "-m", "ansible.builtin.ping"], f"ping-{number}") for number in range(1, times + 1)]


def measure(inventory: str) -> dict[str, Any]:
    """All numbers. The artifacts are there already (`lab/lab build`); the hosts are new."""
    timed(["lab/lab", "down"], "down")
    boot = timed(["lab/lab", "up"], "up")
    install, noop = site(inventory, "install"), site(inventory, "noop")
    floor = ping(inventory)
    changed = noop["changed"] + noop["failures"] + noop["dark"]
    if changed:
        raise SystemExit(f"bench: the second run is no no-op: {changed} changes or failures, see .lab/logs/bench-noop.log.")
    storage = bench_storage.storage(inventory)
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": machine(),
        "hosts": hosts(inventory),
        "boot": boot,
        "bare_to_serving": install["seconds"],
        "noop": noop["seconds"],
        "ping": statistics.median(floor),
        "ping_all": floor,
        "noop_to_ping": round(noop["seconds"] / statistics.median(floor), 1),
        "tasks": noop["tasks"],
        "install_tasks": install["tasks"],
        "layers": layers(install, noop),
        "storage": storage,
        "slowest": sorted(noop["each"], key=lambda task: -task["seconds"])[:10],
    }


def hosts(inventory: str) -> int:
    """How many hosts the inventory holds."""
    text = subprocess.run(["ansible", "-i", inventory, "all", "--list-hosts"], cwd=TOP, env=environment(), capture_output=True, text=True, check=True).stdout
    return len(text.splitlines()) - 1


def layers(install: dict[str, Any], noop: dict[str, Any]) -> list[dict[str, Any]]:
    """Both runs side by side, in the order of the first."""
    again = {row["layer"]: row for row in noop["layers"]}
    nothing = {"seconds": 0.0, "tasks": 0}
    return [
        {
            "layer": row["layer"],
            "install": row["seconds"],
            "noop": again.get(row["layer"], nothing)["seconds"],
            "tasks": again.get(row["layer"], nothing)["tasks"],
        }
        for row in install["layers"]
    ]


def markdown(result: dict[str, Any]) -> str:
    """The numbers as the README shows them."""
    lines = [
        f"{result['date']}, {result['hosts']} hosts on one machine: {result['machine']}.",
        f"The artifacts were built before; the hosts boot in {result['boot']:.0f} s.",
        "",
        "| What | Seconds | Target |",
        "|---|---|---|",
        f"| bare hosts → serving, verified | {result['bare_to_serving']:.0f} | {TARGETS['bare_to_serving']:.0f} |",
        f"| second run, nothing to do ({result['tasks']} tasks) | {result['noop']:.0f} | {TARGETS['noop']:.0f} |",
        f"| `ansible all -m ping`, the floor | {result['ping']:.1f} | |",
        f"| second run ÷ floor | {result['noop_to_ping']:.0f} × | |",
        *(["", *bench_storage.table(result["storage"])] if "storage" in result else []),
        "",
        "| Layer | First run, s | Second run, s | Tasks |",
        "|---|---|---|---|",
    ]
    return "\n".join([*lines, *(f"| {row['layer']} | {row['install']:.1f} | {row['noop']:.1f} | {row['tasks']} |" for row in result["layers"])])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inventory", default="inventories/lab")
    parser.add_argument("--readme", action="store_true", help="write the numbers into README.md")
    parser.add_argument("--stored", action="store_true", help="do not measure, use .lab/bench.json")
    options = parser.parse_args()
    if not options.stored:
        RESULT.write_text(json.dumps(measure(options.inventory), indent=1) + "\n", encoding="utf-8")
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    print(markdown(result))
    if options.readme:
        readme = TOP / "README.md"
        readme.write_text(replace_block(readme.read_text(encoding="utf-8"), "bench", markdown(result)), encoding="utf-8")
    late = [name for name, limit in TARGETS.items() if result[name] > limit]
    print(f"\nbench: {RESULT.relative_to(TOP)}" + (f"; over the target: {', '.join(late)}" if late else "; within the targets"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
