"""What every bench needs: a program with its time, and the machine it ran on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from pathlib import Path

from .base import LOGS, TOP, environment


def timed(command: list[str], log: str, **extra: str) -> float:
    """Run a program with its output in a log; a failure ends the bench with the end of the log."""
    path = LOGS / f"bench-{log}.log"
    LOGS.mkdir(parents=True, exist_ok=True)
    print(f"bench: {log}: {' '.join(command)} (log: {path.relative_to(TOP)})", flush=True)
    began = time.monotonic()
    with path.open("wb") as out:
        code = subprocess.run(command, cwd=TOP, env={**environment(), **extra}, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
    seconds = time.monotonic() - began
    if code != 0:
        raise SystemExit(f"bench: {log} ended with {code} after {seconds:.0f} s:\n" + "\n".join(path.read_text(errors="replace").splitlines()[-40:]))
    return round(seconds, 1)


def machine() -> str:
    """Cores, memory and system of this machine, for whoever reads the numbers."""
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="utf-8"))
    system = re.search(r'PRETTY_NAME="?([^"\n]+)', Path("/etc/os-release").read_text(encoding="utf-8"))
    gib = f"{int(memory[1]) / 1048576:.0f} GiB" if memory else "?"
    return f"{len(os.sched_getaffinity(0))} cores, {gib}, {system[1] if system else '?'}, kernel {platform.release()}"
