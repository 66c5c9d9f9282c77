"""The figures of the object store: ratios of one repetition, and the lines of the README."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[3] / "tests/tools"
NAMES = ("disk_write", "loopback_put", "put", "disk_read", "loopback_get", "get")


def load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(slow: float) -> dict[str, float]:
    """One repetition on a machine that is so many times slower."""
    return {name: speed / slow for name, speed in zip(NAMES, (800.0, 500.0, 200.0, 800.0, 400.0, 400.0), strict=True)}


def test_a_machine_that_is_slow_for_a_while_changes_no_ratio() -> None:
    bench = load(TOOLS / "bench_s3/library/s3_bench.py")
    row = bench.summary([run(1.0), run(3.0), run(7.0)], 16, 16 * 2**20)
    assert (row["put_to_disk"], row["put_to_loopback"], row["get_to_disk"], row["get_to_loopback"]) == (0.25, 0.4, 0.5, 1.0)
    assert (row["streams"], row["mib"], row["repetitions"], row["mb_s"]["put"]) == (16, 16, 3, 67)


def test_an_error_of_one_stream_is_the_error_of_all() -> None:
    bench = load(TOOLS / "bench_s3/library/s3_bench.py")

    def work(number: int) -> None:
        if number == 3:
            raise OSError("no route")

    with pytest.raises(OSError, match="no route"):
        bench.together(4, work)


def test_the_play_writes_figures_and_the_table_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    measured = load(TOOLS / "bench_storage.py")
    bench = load(TOOLS / "bench_s3/library/s3_bench.py")
    figures = {name: bench.summary([run(1.0)], *shape) for name, shape in bench.SHAPES.items()}

    def play(command: list[str], log: str) -> float:
        Path(json.loads(command[command.index("-e") + 1])["bench_report"]).write_text(json.dumps(figures), encoding="utf-8")
        return 1.0

    lines = measured.table(measured.storage("inventory", run=play))
    assert "| PUT, one stream, 64 MiB | 200 | 0.25 | 0.40 |" in lines
    assert "| GET, 16 streams, 16 MiB each | 400 | 0.50 | 1.00 |" in lines
