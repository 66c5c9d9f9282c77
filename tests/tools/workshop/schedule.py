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

from . import changed
from .base import LOGS, TOP, environment

LONG = bool(os.environ.get("LONG"))  # `make test-long`: CI has 90 minutes
# The site's steps are the first operator's in the short form.
ONLY_LONG = ("site", "storage")
# Name of the job: its script in tests/tools and the folder of its tests.
HOSTS = {
    "stranger": ("stranger", "tests/stranger"),
    "mysql-backup-hosts": ("mysql_backup", "tests/mysql_backup"),
    "preflight-hosts": ("preflight", "tests/preflight"),
    "secrets-hosts": ("secrets", "tests/secrets"),
}
LOOPBACK = {
    "redis-certificates-faults": ("services", "tests/redis_certificates"),
    "storage-faults": ("storage", "tests/storage"),
    "recorded": ("recorded", "tests/*recorded"),
}
LONG_JOBS = {
    "mysql-faults": ("mysql_faults", "tests/mysql"),
    "whole-site": ("whole", "tests/site"),
    "storage-hosts": ("storage_hosts", "tests/storage_hosts"),
    "pod-network": ("pod_network", "tests/pod_network"),
    "vm": ("vm", "tests/vm"),
}
# Minutes rather than seconds: begun last, one of them runs alone when everything else is done.
LONGEST = ("stranger", "molecule-site", "mysql-backup-hosts", "secrets-hosts", "molecule-mysql", "preflight-hosts")
# What a check reads besides its own files; a cheap one that is not here reads everything.
CODE = ("plugins/*", "roles/*", "playbooks/*", "meta/*", "inventories/*", "galaxy.yml", "ansible.cfg")
READS: dict[str, tuple[str, ...]] = {
    "yamllint": ("*.yml", "*.yaml", ".yamllint"),
    "ruff": ("*.py", "pyproject.toml"),
    "shellcheck": ("*.sh", "lab/lab", ".ci/run", "roles/*/files/*", "roles/*/templates/*"),
    "changelog": ("changelogs/*", "CHANGELOG.rst", "plugins/*", "galaxy.yml"),
    "messages": CODE,
    "mypy": ("*.py", "pyproject.toml"),
    "unit": (*CODE, "tests/*", "lab/*", "pyproject.toml", "docs/*", "README.md"),
    "ansible-lint": (*CODE, "molecule/*", "tests/*.yml", ".config/*"),
    "core-2.19": (*CODE, "tests/unit/*", "pyproject.toml"),
    "core-2.21": (*CODE, "tests/unit/*", "pyproject.toml"),
    "sanity": (*CODE, "tests/*"),
    "galaxy": (*CODE, "README.md", "docs/*", "changelogs/*"),
    "stranger": (*CODE, "README.md", "docs/operations.md", "tests/check_mode/*", "molecule/shared/*"),
}
HEARTBEAT = 30  # seconds between two lines that say what is running


@dataclass
class Job:
    """One check: a program with a log of its own."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    roots: Sequence[str] = ("*",)  # the check's own files; what they use is found from there
    whole: bool = True  # nothing is followed from the roots
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


def script(name: str, where: tuple[str, str], lab: Sequence[str] = changed.LAB) -> Job:
    """A job that is a script of tests/tools and a folder of tests."""
    path = f"tests/tools/{where[0]}.sh"
    return Job(name, [path], roots=(path, f"{where[1]}/*", *lab), whole=False)


def cheap_jobs(checks: Sequence[str]) -> list[Job]:
    """Checks that need no lab."""
    return [Job(name, [sys.executable, str(TOP / "tests/tools/check.py"), name], roots=READS.get(name, ("*",))) for name in checks]


def lab_jobs(long: bool = LONG) -> list[Job]:
    """Everything that wants the lab's artifacts, the longest first."""
    scenarios = [
        Job(
            f"molecule-{name}",
            ["make", "--no-print-directory", "molecule", f"SCENARIO={name}"],
            roots=(f"molecule/{name}/*", "molecule/shared/*", "tests/tools/molecule.sh", *changed.LAB),
            whole=False,
        )
        for name in scenario_names(long)
    ]
    hosts = [script(name, where, (*changed.LAB, *READS.get(name, ()))) for name, where in HOSTS.items()]
    loopback = [script(name, where) for name, where in LOOPBACK.items()]
    standin = Job("standin", ["lab/lab", "test"], roots=("lab/*",))
    longer = [script(name, where) for name, where in LONG_JOBS.items()] if long else []
    jobs = [*scenarios, *hosts, *loopback, standin, *longer]
    return sorted(jobs, key=lambda job: LONGEST.index(job.name) if job.name in LONGEST else len(LONGEST))


def affected(jobs: Sequence[Job], names: Sequence[str]) -> dict[str, list[str]]:
    """Job to the changed files that it depends on; a job that none of them can break has an empty list."""
    here = changed.tree()
    return {job.name: changed.breaks(names, job.roots, job.whole, here) for job in jobs}


def everything(checks: list[str], revision: str = "") -> int:
    """All checks and all scenarios, or with a revision those that a change since then can break; exit code 0 only when every one of them passed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    board = Board()
    cheap, labs = cheap_jobs(checks), lab_jobs()
    if not any(job.name.startswith("molecule-") for job in labs):
        board.say("no scenario in molecule/: that is a failure, the site would be unproved.")
        labs.insert(0, Job("molecule", ["false"]))
    if revision:
        names = changed.since(revision)
        hit = affected([*cheap, *labs], names)
        board.say(f"CHANGED={revision}: {len(names)} files differ: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}")
        left = [name for name, why in hit.items() if not why]
        board.say(f"left out, because none of these files can reach it: {', '.join(left) or 'nothing'}")
        cheap, labs = ([job for job in some if hit[job.name]] for some in (cheap, labs))
    build = Job("lab-build", ["lab/lab", "build"])
    board.jobs = [*cheap, *([build] if labs else []), *labs]
    board.say(f"{len(board.jobs)} checks on {cores()} cores: {', '.join(job.name for job in board.jobs)}")
    built = threading.Event()
    usable: list[bool] = []

    def lab_lane(builds: bool) -> None:
        if builds:
            usable.append(bool(labs) and board.run(build))
            built.set()
            if labs and not usable[0]:
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

    def any_lane() -> None:
        # On two cores a lab that waits leaves one idle as soon as the cheap checks are through.
        cheap_lane()
        if lab_lanes() < 2:
            lab_lane(False)

    work = [functools.partial(lab_lane, number == 0) for number in range(lab_lanes())] + [any_lane] * max(1, cores() // 2)
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


def scenario_names(long: bool = LONG) -> list[str]:
    """Molecule scenarios, the site first: it is the longest and the most telling. Some only in the long form."""
    found = sorted(path.parent.name for path in (TOP / "molecule").glob("*/molecule.yml") if long or path.parent.name not in ONLY_LONG)
    return sorted(found, key=lambda name: name != "site")
