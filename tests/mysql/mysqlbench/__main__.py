"""`make bench-mysql`: throughput, switchovers, failovers, the no-op run, backups. Prints a table, writes .lab/bench-mysql.json.

python -m mysqlbench --state .lab-ledger [--gigabytes 5] [--readme] [--stored]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ledger import look
from ledger.pair import TOP, VENV, LedgerError, Pair, environment, find, run

from .table import late, markdown
from .throughput import measure

RESULT = TOP / ".lab/bench-mysql.json"
LEDGER = TOP / ".lab/bench-mysql-ledger.json"
BACKUP = TOP / ".lab/bench-mysql-backup.json"
NOOP_RUNS = 5


def noop(pair: Pair) -> dict[str, Any]:
    """The run that has nothing to do, and where its time goes."""
    report = TOP / ".lab/logs/bench-mysql-layers.json"
    command = [str(VENV / "ansible-playbook"), "-i", str(pair.inventory), "playbooks/mysql.yml"]
    seconds, split = [], []
    for number in range(NOOP_RUNS):
        done = run(command, 300, ANSIBLE_CALLBACKS_ENABLED="onprem.wandb.layers", ONPREM_WANDB_LAYERS_JSON=str(report))
        if done.code or not re.search(r"changed=0", done.output) or re.search(r"changed=[1-9]", done.output):
            raise LedgerError(f"playbooks/mysql.yml is no no-op on a whole pair (exit code {done.code}):\n{done.tail(40)}")
        seconds.append(round(done.seconds, 2))
        split = sorted(json.loads(report.read_text(encoding="utf-8"))["each"], key=lambda task: -task["seconds"])
        print(f"bench-mysql: no-op run {number + 1}/{NOOP_RUNS}: {done.seconds:.1f} s", flush=True)
    return {"count": len(seconds), "median": statistics.median(seconds), "max": max(seconds), "all": seconds, "slowest": split[:12], "tasks": len(split)}


def roles(state: Path, failovers: int, switchovers: int) -> dict[str, Any]:
    """Switchovers and failovers with the ledger on; a loss ends the bench."""
    words = ["--state", str(state), "--failovers", str(failovers), "--switchovers", str(switchovers), "--json", str(LEDGER)]
    env = {**environment(), "PYTHONPATH": str(TOP / "tests/mysql")}
    done = subprocess.run([sys.executable, "-m", "ledger", *words], env=env, cwd=TOP, check=False)
    if done.returncode:
        raise LedgerError(f"the ledger ended with {done.returncode}; its findings are above and in {LEDGER}.")
    found: dict[str, Any] = json.loads(LEDGER.read_text(encoding="utf-8"))
    return {name: value for name, value in found.items() if name not in ("cycles", "switches")}


def backups(pair: Pair, gigabytes: float) -> dict[str, Any]:
    """Last: what ships binary logs each minute would disturb the others. Needs the host of an object store."""
    words = ["playbooks/minio.yml", "playbooks/backups.yml"]
    done = run([str(VENV / "ansible-playbook"), "-i", str(pair.inventory), *words], 900)
    if done.code:
        raise LedgerError(f"{' and '.join(words)} ended with {done.code} (the lab needs db1, db2 and store1):\n{done.tail(40)}")
    command = [sys.executable, str(TOP / "tests/tools/bench_backup.py"), "--lab", str(pair.state), "--gigabytes", str(gigabytes), "--json", str(BACKUP)]
    ended = subprocess.run(command, env=environment(), cwd=TOP, check=False)
    if ended.returncode:
        raise LedgerError(f"bench_backup.py ended with {ended.returncode}; what it said is above.")
    found: dict[str, Any] = json.loads(BACKUP.read_text(encoding="utf-8"))
    return found


def machine() -> str:
    """Cores, memory and system, for whoever reads the numbers."""
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="utf-8"))
    system = re.search(r'PRETTY_NAME="?([^"\n]+)', Path("/etc/os-release").read_text(encoding="utf-8"))
    gib = f"{int(memory[1]) / 1048576:.0f} GiB" if memory else "?"
    return f"{len(os.sched_getaffinity(0))} cores, {gib}, {system[1] if system else '?'}, kernel {platform.release()}"


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="mysqlbench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=Path, default=TOP / ".lab-ledger")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--failovers", type=int, default=12)
    parser.add_argument("--switchovers", type=int, default=20)
    parser.add_argument("--gigabytes", type=float, default=5, help="data for the backups, 0 leaves them out; five times as much disk is needed")
    parser.add_argument("--readme", action="store_true", help="write the numbers into README.md")
    parser.add_argument("--stored", action="store_true", help="do not measure, use .lab/bench-mysql.json")
    given = parser.parse_args()
    if not given.stored:
        pair = find(given.state.resolve())
        primary = look.primary(pair)
        result = {
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "machine": machine(),
            "version": look.value(pair, primary, "SELECT VERSION()"),
            "load_before": os.getloadavg(),
            "noop": noop(pair),
            "throughput": measure(pair, given.rounds, given.seconds),
            "ledger": roles(given.state.resolve(), given.failovers, given.switchovers),
        }
        if given.gigabytes > 0:
            result["backup"] = backups(pair, given.gigabytes)
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    print(markdown(result))
    if given.readme:
        sys.path.insert(0, str(TOP / "tests/tools"))
        from workshop.docs import replace_block

        readme = TOP / "README.md"
        readme.write_text(replace_block(readme.read_text(encoding="utf-8"), "bench-mysql", markdown(result)), encoding="utf-8")
    missed = late(result)
    print(f"\nbench-mysql: {RESULT.relative_to(TOP)}" + (f"; over the target: {', '.join(missed)}" if missed else "; within the targets"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
