"""How a command of the lab ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LAB = Path(__file__).resolve().parents[3] / "lab"


def ended(body: str, reader: str = "cat") -> tuple[str, str]:
    """What the reader of a command got, and the command's errors."""
    program = f"import sys; sys.path.insert(0, {str(LAB)!r}); from lablib.shell import LabError, main\ndef work():\n    {body}\nmain(work)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        got = subprocess.run(["sh", "-c", reader], stdin=process.stdout, capture_output=True, text=True, check=True).stdout
        assert process.stdout and process.stderr
        process.stdout.close()
        return got, process.stderr.read()


def test_a_reader_that_has_gone_is_no_traceback() -> None:
    got, errors = ended("for number in range(200000): print(number)", "head -1")
    assert got == "0\n" and errors == ""


def test_a_failure_is_one_sentence() -> None:
    assert ended("raise LabError('no such host. Next: lab/lab status')") == ("", "lab: no such host. Next: lab/lab status\n")
