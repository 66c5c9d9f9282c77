"""The ledger:  python -m ledger --state .lab-ledger --failovers 50 --switchovers 5

Prints a line per cycle and the sum, writes .lab/ledger.json; exit code 0 only when nothing was lost, doubled or acknowledged twice over.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import faults, look
from .cycle import Cycle, failover
from .judge import spread
from .load import Load
from .pair import TOP, LedgerError, Pair, find
from .scene import make_whole
from .switch import Switch, switchover

PATIENCE = 3  # steps that cannot be carried out before the run is given up


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ledger", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=Path, default=TOP / ".lab-ledger", help="directory of the running lab")
    parser.add_argument("--failovers", type=int, default=5)
    parser.add_argument("--switchovers", type=int, default=0)
    parser.add_argument("--faults", default=",".join(fault.name for fault in faults.CRASHES), help="which crashes: %(default)s")
    parser.add_argument("--seed", type=int, default=None, help="of the order of the faults; printed")
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--pause", type=float, default=0.02, help="seconds between two transactions of a writer")
    parser.add_argument("--endpoint", default=None, help="address that the application uses; empty: both hosts in turn. Default: mysql_endpoint_address")
    parser.add_argument("--json", type=Path, default=TOP / ".lab/ledger.json")
    return parser.parse_args()


def order(names: str, count: int, seed: int) -> list[faults.Fault]:
    """Every fault about equally often, in an order that the seed decides."""
    known = {fault.name: fault for fault in faults.CRASHES}
    chosen = [known[name] for name in names.split(",")]
    drawn = [chosen[number % len(chosen)] for number in range(count)]
    random.Random(seed).shuffle(drawn)
    return drawn


def summary(load: Load, cycles: list[Cycle], switches: list[Switch], seconds: float, **more: Any) -> dict[str, Any]:
    """Everything in one structure."""
    problems = [f"cycle {one.number}: {text}" for one in cycles for text in one.problems] + [
        f"switchover {one.number}: {text}" for one in switches for text in one.problems
    ]
    return {
        **more,
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(seconds, 1),
        "endpoint": load.pair.endpoint or "both addresses in turn",
        "writers": load.writers,
        "failovers": len(cycles),
        "switchovers": len(switches),
        "by_fault": dict(Counter(one.fault for one in cycles)),
        "acked": load.book.acks,
        "at_risk": sum(one.at_risk for one in cycles),
        "unknown": load.book.unknowns,
        "lost": max([one.lost for one in cycles] + [one.lost for one in switches], default=0),
        "doubled": max((one.doubled for one in cycles), default=0),
        "split_brain": sum(one.split_brain for one in cycles) + sum(one.split_brain for one in switches),
        "errors": dict(load.book.errors.most_common()),
        "failover_gap": spread([one.gap for one in cycles]),
        "failover_rto": spread([one.rto for one in cycles]),
        "failover_command": spread([one.command for one in cycles]),
        "rejoin": spread([one.rejoin for one in cycles]),
        "rejoin_gap": spread([one.rejoin_gap for one in cycles]),
        "errant": sum(one.errant for one in cycles),
        "switchover_gap": spread([one.gap for one in switches]),
        "switchover_command": spread([one.command for one in switches]),
        "problems": problems,
        "cycles": [one.data() for one in cycles],
        "switches": [one.data() for one in switches],
    }


def show(result: dict[str, Any]) -> None:
    """The sum for people."""
    names = ("failovers", "switchovers", "acked", "at_risk", "unknown", "lost", "doubled", "split_brain", "errant")
    print("\nledger: " + ", ".join(f"{name.replace('_', ' ')} {result[name]}" for name in names) + f", {result['seconds'] / 60:.1f} minutes")
    print("ledger: errors (kind:number:phase): " + (", ".join(f"{error} {times}" for error, times in result["errors"].items()) or "none"))
    for name in ("failover_gap", "failover_rto", "failover_command", "rejoin", "rejoin_gap", "switchover_gap", "switchover_command"):
        found = result[name]
        if found["count"]:
            figures = "   ".join(f"{figure} {found[figure]:7.3f} s" for figure in ("median", "p95", "max"))
            print(f"ledger: {name.replace('_', ' '):20} {figures}   of {found['count']}")
    for text in result["problems"]:
        print(f"ledger: PROBLEM: {text}")


@contextmanager
def carried_out(pair: Pair, what: str, failures: list[str]) -> Iterator[None]:
    """One step. What cannot be carried out is a failure of the whole run; the pair is mended and the rest goes on, until it happens too often."""
    try:
        yield
    except LedgerError as error:
        failures.append(f"{what} could not be carried out: {error}")
        print(f"{what}: FAILED: {error}\nwritable now: {', '.join(look.writable(pair)) or 'no host'}", flush=True)
        if len(failures) >= PATIENCE:
            raise SystemExit(f"ledger: FAILED, {len(failures)} steps could not be carried out") from error
        make_whole(pair)


def main() -> int:
    """Entry point."""
    given = options()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**6)
    pair = find(given.state.resolve(), given.endpoint)
    drawn = order(given.faults, given.failovers, seed)
    where = pair.endpoint or "both addresses in turn"
    print(f"ledger: {given.failovers} failovers, {given.switchovers} switchovers, seed {seed}, endpoint {where}", flush=True)
    cycles: list[Cycle] = []
    switches: list[Switch] = []
    failures: list[str] = []
    began = time.monotonic()
    with Load(pair, given.state / "ledger", given.writers, given.pause) as load:
        for number in range(1, given.switchovers + 1):
            with carried_out(pair, f"switchover {number}", failures):
                switches.append(switchover(load, number))
                print(switches[-1].line(given.switchovers), flush=True)
        for number, fault in enumerate(drawn, 1):
            with carried_out(pair, f"cycle {number} ({fault.name})", failures):
                cycles.append(failover(load, number, fault))
                print(cycles[-1].line(given.failovers), flush=True)
        load.read()
        result = summary(load, cycles, switches, time.monotonic() - began, seed=seed)
    result["problems"] += failures
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    show(result)
    print(f"ledger: {'FAILED' if result['problems'] else 'ok'}, {given.json}")
    return 1 if result["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
