"""Breaking a run off."""

from __future__ import annotations

import signal
import sys

import pytest
from interrupt import interrupt

RUN = [sys.executable, "-u", "-c", "import time\nfor n in 'AB':\n    print(f'TASK [kubernetes : {n}] ***', flush=True)\n    time.sleep(SLEEP)\n"]


def run(sleep: float) -> list[str]:
    return [part.replace("SLEEP", str(sleep)) for part in RUN]


@pytest.mark.parametrize("name", ["INT", "KILL"])
def test_a_run_is_broken_off_in_the_named_task(name: str) -> None:
    assert "during TASK [kubernetes : B]" in interrupt(run(0.5), "kubernetes : B", name, 0.1)


def test_ctrl_c_works_in_the_background_too() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert "SIGINT" in interrupt(run(0.5), "kubernetes : B", "INT", 0.1)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_task_that_never_came_is_a_failure() -> None:
    with pytest.raises(SystemExit, match="before a task matched"):
        interrupt(run(0.01), "kubernetes : C", "INT", 0.1)


def test_a_run_that_was_over_already_is_a_failure() -> None:
    with pytest.raises(SystemExit, match="nothing was broken off"):
        interrupt(run(0.01), "kubernetes : B", "INT", 1.0)
