"""Transactions per second by sysbench: the same hosts in the same run, three ways to replicate, interleaved."""

from __future__ import annotations

import re
import statistics
from typing import Any

from ledger import byhand, look
from ledger.pair import LedgerError, Pair, run

NONE, ASYNC, SEMI_SYNC = "no replication", "asynchronous", "semi-sync as configured"
MODES = (NONE, ASYNC, SEMI_SYNC)
TABLES, ROWS = 4, 20000
WORKLOADS = ("oltp_write_only", "oltp_read_write")
THREADS = (1, 16)


def sysbench(pair: Pair, host: str, workload: str, verb: str, threads: int = 4, seconds: int = 0) -> str:
    """One call, straight to the primary. The password stands in a file, not on the command line."""
    account = pair.account
    settings = pair.state / "sysbench.cnf"
    lines = {
        "mysql-host": pair.hosts[host],
        "mysql-port": account.port,
        "mysql-user": account.user,
        "mysql-password": account.password,
        "mysql-db": account.database,
        "tables": TABLES,
        "table-size": ROWS,
        "threads": threads,
        "time": seconds,
        "report-interval": 0,
    }
    settings.touch(0o600)
    settings.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    done = run(["sysbench", f"--config-file={settings}", workload, verb], timeout=seconds + 300)
    settings.unlink()
    if done.code:
        raise LedgerError(f"sysbench {workload} {verb} against {host} ended with {done.code}: {done.tail(15)}")
    return done.output


def rate(output: str) -> float:
    """Transactions per second."""
    found = re.search(r"transactions:\s+\d+\s+\(([\d.]+) per sec", output)
    if not found:
        raise LedgerError(f"sysbench told no transactions per second: {output[-800:]}")
    return float(found[1])


def latency(output: str) -> float:
    """95th percentile in milliseconds."""
    found = re.search(r"95th percentile:\s+([\d.]+)", output)
    return float(found[1]) if found else 0.0


def replicate(pair: Pair, primary: str, mode: str) -> None:
    """One of the modes. The standby has caught up when this returns, unless it is to be left alone."""
    standby = pair.other(primary)
    if mode == SEMI_SYNC:
        byhand.receiver(pair, standby, True)
        look.catch_up(pair, primary, standby, 300)
        pair.sql(primary, "SET GLOBAL rpl_semi_sync_source_enabled = ON")
        look.wait_guarded(pair, primary)
        return
    byhand.semi_sync_off(pair, primary)
    byhand.receiver(pair, standby, mode == ASYNC)
    if mode == ASYNC:
        look.catch_up(pair, primary, standby, 300)


def measure(pair: Pair, rounds: int, seconds: int) -> dict[str, Any]:
    """Medians of interleaved rounds; afterwards the pair is as it was."""
    primary = look.primary(pair)
    sample: dict[tuple[str, int, str], list[tuple[float, float]]] = {}
    sysbench(pair, primary, WORKLOADS[0], "cleanup")
    sysbench(pair, primary, WORKLOADS[0], "prepare")
    try:
        for number in range(rounds):
            for mode in MODES[number % 3 :] + MODES[: number % 3]:
                replicate(pair, primary, mode)
                for workload in WORKLOADS:
                    for threads in THREADS:
                        output = sysbench(pair, primary, workload, "run", threads, seconds)
                        sample.setdefault((workload, threads, mode), []).append((rate(output), latency(output)))
                        print(f"bench-mysql: round {number + 1}/{rounds} {workload} {threads:2} threads, {mode}: {rate(output):.0f}/s", flush=True)
    finally:
        replicate(pair, primary, SEMI_SYNC)
    sysbench(pair, primary, WORKLOADS[0], "cleanup")
    return {"rounds": rounds, "seconds": seconds, "rows": rows(sample)}


def rows(sample: dict[tuple[str, int, str], list[tuple[float, float]]]) -> list[dict[str, Any]]:
    """One row per workload and number of threads: the modes side by side, and their ratio to no replication."""
    found = []
    for workload, threads in dict.fromkeys((workload, threads) for workload, threads, _mode in sample):
        medians = {mode: statistics.median(one[0] for one in sample[workload, threads, mode]) for mode in MODES}
        found.append(
            {
                "workload": workload,
                "threads": threads,
                "tps": {mode: round(value, 1) for mode, value in medians.items()},
                "ratio": {mode: round(value / medians[NONE], 3) for mode, value in medians.items()},
                "p95_ms": {mode: round(statistics.median(one[1] for one in sample[workload, threads, mode]), 2) for mode in MODES},
                "all": {mode: [round(one[0], 1) for one in sample[workload, threads, mode]] for mode in MODES},
            }
        )
    return found
