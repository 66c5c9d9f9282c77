#!/usr/bin/env python3
"""The object store beside the bare disk and loopback, as ratios. Part of `make bench`; alone on one small host with `make bench-storage`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workshop.base import LAB, TOP
from workshop.measure import machine, timed

PLAY = "tests/tools/bench_s3/storage.yml"
RESULT = LAB / "bench-storage.json"
WORDS = {"single": "one stream, {mib} MiB", "sixteen": "{streams} streams, {mib} MiB each"}


def storage(inventory: str, *arguments: str, run: Callable[..., float] = timed) -> dict[str, Any]:
    """One run of the play, with the figures it has written."""
    with tempfile.TemporaryDirectory() as work:
        report = Path(work) / "figures.json"
        given = json.dumps({"bench_report": str(report)})
        run(["ansible-playbook", "-i", inventory, "-e", given, *arguments, PLAY], "storage")
        figures: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return figures


def table(figures: dict[str, Any]) -> list[str]:
    """The lines of the README."""
    repetitions = min(row["repetitions"] for row in figures.values())
    lines = [
        f"Object store, presigned, with TLS, on its own host (medians of {repetitions} repetitions, each with all of it side by side, the same bytes;",
        "disk: write with fsync, read past the cache; loopback: the same client and TLS against a server that keeps nothing):",
        "",
        "| What | MB/s | ÷ bare disk | ÷ loopback |",
        "|---|---|---|---|",
    ]
    for name, row in figures.items():
        for verb in ("put", "get"):
            words = f"{verb.upper()}, {WORDS[name].format(**row)}"
            lines.append(f"| {words} | {row['mb_s'][verb]:,} | {row[f'{verb}_to_disk']:.2f} | {row[f'{verb}_to_loopback']:.2f} |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inventory", default="inventories/lab")
    options, more = parser.parse_known_args()
    began = time.monotonic()
    figures = storage(options.inventory, *more)
    result = {"date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": machine(), "seconds": round(time.monotonic() - began, 1), "storage": figures}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(figures)), f"\n\nbench: {RESULT.relative_to(TOP)}, {result['seconds']:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
