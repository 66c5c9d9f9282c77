"""The numbers of bench-mysql from what the programs print."""

from __future__ import annotations

from typing import Any

import pytest
from ledger.pair import LedgerError
from mysqlbench import table, throughput

SAID = """SQL statistics:
    transactions:                        5123   (512.21 per sec.)
Latency (ms):
         95th percentile:                       19.29
"""


def result(**more: Any) -> dict[str, Any]:
    spread = {"count": 20, "median": 1.4, "p95": 1.6, "max": 2.0}
    sample = {("oltp_write_only", 16, mode): [(rate, 9.0), (rate * 2, 9.0), (rate, 9.0)] for mode, rate in zip(throughput.MODES, (200.0, 150.0, 100.0))}
    ledger = {"switchover_gap": spread, "failover_rto": spread, "failover_gap": spread, "rejoin": {"count": 0}}
    counts = {"failovers": 12, "switchovers": 20, "acked": 9999, "at_risk": 77, "lost": 0, "doubled": 0, "split_brain": 0}
    return {
        "date": "2026-11-23",
        "machine": "4 cores",
        "version": "9.7.4",
        "noop": {"count": 5, "median": 6.0, "max": 7.0},
        "throughput": {"rounds": 3, "seconds": 10, "rows": throughput.rows(sample)},
        "ledger": {**ledger, **counts},
        **more,
    }


def test_sysbench_is_read() -> None:
    assert (throughput.rate(SAID), throughput.latency(SAID)) == (512.21, 19.29)
    with pytest.raises(LedgerError, match="no transactions per second"):
        throughput.rate("FATAL: unable to connect")


def test_medians_side_by_side() -> None:
    (row,) = result()["throughput"]["rows"]
    assert row["tps"] == dict(zip(throughput.MODES, (200.0, 150.0, 100.0)))
    assert row["ratio"][throughput.SEMI_SYNC] == 0.5


def test_what_the_readme_shows() -> None:
    seconds = {"plain copy (cp, sync)": 20.0, "full backup": 40.0, "full backup again, nothing changed": 0.0}
    text = table.markdown(result(backup={"gib": 5.0, "stored_gib": 5.1, "stored_again_mib": 0.2, "seconds": seconds}))
    assert "| switchover: no write is acknowledged for | 1.4 | 1.6 | 2.0 | 20 | 3 |" in text
    assert "| oltp_write_only | 16 | 200 (1.00) | 150 (0.75) | 100 (0.50) |" in text
    assert "rejoin" not in text and "| full backup | 40.0 | 128 | 2.0 |" in text
    assert "77 of them in the last two seconds before a crash: 0 lost" in text.replace("\n", " ")


def test_targets() -> None:
    assert table.late(result()) == []
    late = result(noop={"count": 5, "median": 11.0, "max": 12.0})
    late["ledger"]["failover_rto"] = {"count": 12, "median": 9.0, "p95": 10.5, "max": 12.0}
    assert table.late(late) == ["failover_rto 10.5 s, target 10 s", "noop 11.0 s, target 10 s"]
    late["ledger"]["switchover_gap"] = {"count": 0}
    assert "switchover_gap None s, target 3 s" in table.late(late)
