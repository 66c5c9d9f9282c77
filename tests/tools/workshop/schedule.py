"""`make test`: every check there is. The cheap ones run beside the lab's build; scenarios follow one after the other as soon as it is built."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .base import LOGS, TOP, environment

LONG = bool(os.environ.get("LONG"))  # `make test-long`: CI has 90 minutes
ONLY_LONG = ("storage",)
LONG_JOBS = {"mysql-faults": "mysql_faults", "whole-site": "whole", "storage-hosts": "storage_hosts"}  # their scripts in tests/tools
HEARTBEAT = 30  # seconds between two lines that say what is running


@dataclass
class Job:
    """One check: a program with a log of its own."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    seconds: float = 0.0
    verdict: str = "not run"

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"

    def tail(self, lines: int) -> list[str]:
        """The last lines of the log that say something."""
        if not self.log.is_file():
            return []
        return [line.rstrip() for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()][-lines:]


class Board:
    """Runs lanes of jobs at the same time and keeps the score."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.lock = threading.Lock()
        self.jobs: list[Job] = []

    def say(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self.begun), 60)
        with self.lock:
            print(f"[{minutes:3d}:{seconds:02d}] {text}", flush=True)

    def run(self, job: Job) -> bool:
        """Run one job to its end and print its line; a failure shows the end of the log."""
        job.started = time.monotonic()
        with job.log.open("wb") as log:
            job.process = subprocess.Popen(
                job.command, cwd=TOP, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
            code = job.process.wait()
        job.seconds = time.monotonic() - job.started
        job.verdict = "passed" if code == 0 else "FAILED"
        last = job.tail(1)
        if code == 0:
            self.say(last[0] if last and last[0].startswith(job.name + ":") else f"{job.name}: ok ({job.seconds:.1f} s)")
        else:
            told = f"{job.name}: FAILED with exit code {code} after {job.seconds:.0f} s; the end of {job.log.relative_to(TOP)}:"
            self.say("\n    ".join([told, *job.tail(60)]))
        return code == 0

    def heartbeat(self, done: threading.Event) -> None:
        """Say what is running, with the last line each has printed."""
        while not done.wait(HEARTBEAT):
            running = [job for job in self.jobs if job.process and job.verdict == "not run"]
            if running:
                self.say("running: " + "; ".join(f"{job.name} {time.monotonic() - job.started:.0f} s {''.join(job.tail(1))[:110]}" for job in running))

    def stop(self) -> None:
        """End what is still running, with everything it started."""
        for job in self.jobs:
            if job.process and job.process.poll() is None:
                os.killpg(job.process.pid, signal.SIGTERM)


def everything(checks: list[str]) -> int:
    """All checks and all scenarios; exit code 0 only when every one of them passed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    board = Board()
    cheap = [Job(name, [sys.executable, str(TOP / "tests/tools/check.py"), name]) for name in checks]
    build = Job("lab-build", ["lab/lab", "build"])
    standin = Job("standin", ["lab/lab", "test"])
    refusals = Job("preflight-hosts", ["tests/tools/preflight.sh"])
    drill = Job("mysql-backup-hosts", ["tests/tools/mysql_backup.sh"])
    bucket = Job("storage-faults", ["tests/tools/storage.sh"])
    services = Job("redis-certificates-faults", ["tests/tools/services.sh"])
    leaks = Job("secrets-hosts", ["tests/tools/secrets.sh"])
    faults = [Job(name, [f"tests/tools/{script}.sh"]) for name, script in LONG_JOBS.items()] if LONG else []
    scenarios = [Job(f"molecule-{name}", ["make", "--no-print-directory", "molecule", f"SCENARIO={name}"]) for name in scenario_names()]
    board.jobs = [*cheap, build, standin, refusals, drill, bucket, services, leaks, *faults, *scenarios]
    board.say(f"{len(board.jobs)} checks on {cores()} cores: {', '.join(job.name for job in board.jobs)}")
    if not scenarios:
        board.say("no scenario in molecule/: that is a failure, the site would be unproved.")
        scenarios = [Job("molecule", ["false"])]
        board.jobs += scenarios

    # Longest first; each has hosts of its own, so two can run beside each other where there are cores for it.
    labs = [*scenarios, drill, refusals, leaks, services, bucket, standin, *faults]
    built = threading.Event()
    usable: list[bool] = []

    def lab_lane(builds: bool) -> None:
        if builds:
            usable.append(board.run(build))
            built.set()
            if not usable[0]:
                board.say("no scenario is run, because the lab's artifacts were not built")
        built.wait()
        while usable[0]:
            with board.lock:
                if not labs:
                    return
                job = labs.pop(0)
            board.run(job)

    waiting = list(reversed(cheap))

    def cheap_lane() -> None:
        while True:
            with board.lock:
                if not waiting:
                    return
                job = waiting.pop()
            board.run(job)

    work = [functools.partial(lab_lane, number == 0) for number in range(lab_lanes())] + [cheap_lane] * max(1, cores() // 2)
    lanes = [threading.Thread(target=lane, daemon=True) for lane in work]
    done = threading.Event()
    threading.Thread(target=board.heartbeat, args=(done,), daemon=True).start()
    try:
        for lane in lanes:
            lane.start()
        for lane in lanes:
            while lane.is_alive():
                lane.join(1)
    except KeyboardInterrupt:
        board.stop()
        board.say("interrupted. `make demo-down` removes what a scenario left running.")
        return 130
    finally:
        done.set()
    return score(board)


def lab_lanes() -> int:
    """How many scenarios run at the same time."""
    return 2 if cores() >= 4 else 1


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0))


def score(board: Board) -> int:
    """The table and the last line."""
    print()
    for job in sorted(board.jobs, key=lambda job: -job.seconds):
        print(f"  {job.verdict:8} {job.seconds:7.1f} s  {job.name}")
    passed = sum(job.verdict == "passed" for job in board.jobs)
    failed = len(board.jobs) - passed
    print(f"\n{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def scenario_names() -> list[str]:
    """Molecule scenarios, the site first: it is the longest and the most telling. Some only in the long form."""
    found = sorted(path.parent.name for path in (TOP / "molecule").glob("*/molecule.yml") if LONG or path.parent.name not in ONLY_LONG)
    return sorted(found, key=lambda name: name != "site")
