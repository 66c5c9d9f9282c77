"""Commands and progress lines."""
from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

START = time.monotonic()


class LabError(Exception):
    """A sentence for the person at the terminal."""


def say(text: str) -> None:
    """Print one progress line with the seconds since the start."""
    print(f"[lab {time.monotonic() - START:6.1f}s] {text}", flush=True)


def run(*argv: str, env: dict | None = None, cwd=None, log=None, check: bool = True, stdin: str | None = None) -> str:
    """Run a command and return its standard output; on failure raise LabError with the end of what it printed."""
    if log:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab") as sink:
            code = subprocess.run(argv, env=env, cwd=cwd, stdout=sink, stderr=sink, check=False).returncode
        if code and check:
            with open(log, encoding="utf-8", errors="replace") as source:
                tail = "".join(source.readlines()[-25:])
            raise LabError(f"`{' '.join(argv)}` ended with {code}; end of {log}:\n{tail}")
        return ""
    done = subprocess.run(argv, env=env, cwd=cwd, input=stdin, text=True, capture_output=True, check=False)
    if done.returncode and check:
        raise LabError(f"`{' '.join(argv)}` ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def main(function) -> None:
    """Call function and turn a LabError into one message and exit code 1. A reader that has gone, as of `| head`, ends it without one."""
    try:
        function()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        sys.exit(1)
    except LabError as error:
        sys.exit(f"lab: {error}")
