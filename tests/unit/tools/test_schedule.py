"""The runner behind `make test`."""

from __future__ import annotations

from pathlib import Path

import pytest
from workshop import schedule


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "LOGS", tmp_path)
    monkeypatch.setattr(schedule, "TOP", tmp_path)


def board(*commands: list[str]) -> schedule.Board:
    made = schedule.Board()
    made.jobs = [schedule.Job(f"job{number}", command) for number, command in enumerate(commands)]
    return made


def test_the_last_line_counts_and_the_exit_code_follows(capsys: pytest.CaptureFixture[str]) -> None:
    made = board(["true"], ["true"])
    assert [made.run(job) for job in made.jobs] == [True, True]
    assert schedule.score(made) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 passed, 0 failed"


def test_a_failure_shows_its_log_and_what_did_not_run_failed_too(capsys: pytest.CaptureFixture[str]) -> None:
    made = board(["bash", "-c", "echo the reason; exit 3"], ["true"])
    assert not made.run(made.jobs[0])
    assert schedule.score(made) == 1
    said = capsys.readouterr().out
    assert "FAILED with exit code 3" in said
    assert "the reason" in said
    assert said.splitlines()[-1] == "0 passed, 2 failed"
