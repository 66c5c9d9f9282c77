"""The numbers as the README shows them."""

from __future__ import annotations

from typing import Any

from .throughput import ASYNC, NONE, SEMI_SYNC

TARGETS = {"switchover_gap": 3.0, "failover_rto": 10.0, "noop": 10.0}


def markdown(result: dict[str, Any]) -> str:
    """Tables."""
    lines = [
        f"{result['date']}, two hosts on one machine: {result['machine']}. MySQL {result['version']}.",
        "",
        "| What | Median, s | p95, s | Max, s | Runs | Target, p95 |",
        "|---|---|---|---|---|---|",
    ]
    ledger = result["ledger"]
    names = {
        "switchover_gap": "switchover: no write is acknowledged for",
        "failover_rto": "failover: from the command to the first write",
        "failover_gap": "failover: from the last write to the first one, with the time to give the command",
        "rejoin": "rejoin of the old primary, copied anew where it must be",
    }
    for name, text in names.items():
        found = ledger[name]
        if found["count"]:
            target = f"{TARGETS[name]:.0f}" if name in TARGETS else ""
            lines.append(f"| {text} | {found['median']:.1f} | {found['p95']:.1f} | {found['max']:.1f} | {found['count']} | {target} |")
    noop = result["noop"]
    lines.append(f"| second run of `mysql.yml`, nothing to do | {noop['median']:.1f} | | {noop['max']:.1f} | {noop['count']} | {TARGETS['noop']:.0f} |")
    lines += [
        "",
        f"In these {ledger['failovers']} crash failovers and {ledger['switchovers']} switchovers {ledger['acked']} transactions were acknowledged, "
        f"{ledger['at_risk']} of them in the last two seconds before a crash: {ledger['lost']} lost, {ledger['doubled']} doubled, "
        f"{ledger['split_brain']} split brains.",
    ]
    return "\n".join([*lines, "", *throughput(result["throughput"]), *backup(result.get("backup"))])


def throughput(found: dict[str, Any]) -> list[str]:
    """What durability costs."""
    lines = [
        f"sysbench, median of {found['rounds']} interleaved rounds of {found['seconds']} s; both hosts share one disk.",
        "",
        f"| Transactions/s | Threads | {NONE} | {ASYNC} | {SEMI_SYNC} |",
        "|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        cells = [f"{row['tps'][mode]:.0f} ({row['ratio'][mode]:.2f})" for mode in (NONE, ASYNC, SEMI_SYNC)]
        lines.append(f"| {row['workload']} | {row['threads']} | {' | '.join(cells)} |")
    return lines


def backup(found: dict[str, Any] | None) -> list[str]:
    """What bench_backup.py measured; empty when it was left out."""
    if not found:
        return []
    lines = [
        "",
        f"{found['gib']:.1f} GiB of random bytes; stored {found['stored_gib']:.1f} GiB, the second time {found['stored_again_mib']:.1f} MiB.",
        "",
        "| Backup | s | MiB/s | Plain copies |",
        "|---|---|---|---|",
    ]
    plain = found["seconds"]["plain copy (cp, sync)"]
    for name, seconds in found["seconds"].items():
        lines.append(f"| {name} | {seconds:.1f} | {found['gib'] * 1024 / max(seconds, 0.1):.0f} | {seconds / max(plain, 0.1):.1f} |")
    return lines


def late(result: dict[str, Any]) -> list[str]:
    """The targets that were missed."""
    seen = {"switchover_gap": result["ledger"]["switchover_gap"].get("p95"), "failover_rto": result["ledger"]["failover_rto"].get("p95")}
    seen["noop"] = result["noop"]["median"]
    return [f"{name} {seconds} s, target {TARGETS[name]:.0f} s" for name, seconds in seen.items() if seconds is None or seconds > TARGETS[name]]
