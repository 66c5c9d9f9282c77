#!/usr/bin/env python3
"""Break a playbook off in the middle of a task, as Ctrl-C or a lost machine would:

    interrupt.py --task 'onprem.wandb.kubernetes : Join' --signal INT -- ansible-playbook -i inventories/lab playbooks/site.yml

Succeeds only when the task was reached and the run did not end by itself.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import time


def interrupt(command: list[str], task: str, name: str, delay: float) -> str:
    """Run the command, signal its process group `delay` seconds after the task has started; return what happened."""
    wanted = re.compile(rf"^TASK \[.*(?:{task})")
    seen: list[str] = []
    began = time.monotonic()
    # A shell that starts this in the background makes it and its children deaf to Ctrl-C: hear it again.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            seen.append(line)
            if wanted.match(line):
                break
        else:
            process.wait()
            raise SystemExit(f"interrupt: the run ended with {process.returncode} before a task matched {task!r}; last line: {seen[-1] if seen else ''}")
        time.sleep(delay)
        if process.poll() is not None:
            raise SystemExit(f"interrupt: the run ended with {process.returncode} within {delay} s after {task!r} had started: nothing was broken off.")
        os.killpg(process.pid, getattr(signal, f"SIG{name}"))
        rest = process.stdout.read()
        code = process.wait()
    print(rest, end="")
    if code == 0:
        raise SystemExit(f"interrupt: the run ended with 0 although SIG{name} was sent during {task!r}.")
    return f"interrupt: SIG{name} {time.monotonic() - began:.0f} s after the start, during {seen[-1].strip()}; exit code {code}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, help="regular expression on the name of the task, with its role")
    parser.add_argument("--signal", choices=["INT", "TERM", "KILL"], default="INT")
    parser.add_argument("--delay", type=float, default=0.5, help="seconds between the start of the task and the signal")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    print(interrupt(options.command, options.task, options.signal, options.delay), flush=True)


if __name__ == "__main__":
    main()
