# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that end with this one, within a deadline."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import typing as t
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1
GRACE = 10  # seconds in which a program that is late may put away its lock


class Late(Exception):
    """The deadline."""


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    code: int
    out: str
    error: str


def die_with_parent() -> None:
    """In a child before it runs: it is killed when this process is, so a killed run leaves no server behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(argv: t.Sequence[str], env: t.Optional[t.Mapping[str, str]] = None, stdin: str = "", timeout: t.Optional[float] = None, cwd: str = "/") -> Done:
    """Run to the end. Secrets go into env or stdin, never into argv."""
    with subprocess.Popen(
        list(argv),
        env=dict(env) if env is not None else None,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=cwd,
        preexec_fn=die_with_parent,  # noqa: PLW1509
    ) as process:
        try:
            out, error = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired as late:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            raise Late(f"{argv[0]} did not end within {timeout:.0f} s") from late
    return Done(process.returncode, out, error)
