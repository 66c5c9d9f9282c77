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


@pytest.mark.parametrize("number", [2, 4])
def test_a_lane_without_cheap_checks_left_takes_scenarios(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two scenarios that each end only when the other one has begun: side by side they pass, one after the other neither does."""
    monkeypatch.setattr(schedule, "cores", lambda: number)
    meet = "touch {0}; for _ in $(seq 200); do [ -e {1} ] && exit 0; sleep 0.05; done; exit 1"
    names = [str(tmp_path / name) for name in ("first", "second")]
    jobs = [schedule.Job(name, ["bash", "-c", meet.format(*pair)]) for name, pair in (("one", names), ("two", names[::-1]))]
    monkeypatch.setattr(schedule, "lab_jobs", lambda: [*jobs, schedule.Job("molecule-x", ["true"])])
    monkeypatch.setattr(schedule, "cheap_jobs", lambda _checks: [schedule.Job("cheap", ["true"])])
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/lab").write_text("#!/bin/sh\n")
    (tmp_path / "lab/lab").chmod(0o755)
    assert schedule.everything(["cheap"]) == 0


@pytest.mark.parametrize("long", [False, True])
def test_the_longest_begin_first(long: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "TOP", Path(__file__).parents[3])
    names = [job.name for job in schedule.lab_jobs(long=long)]
    first = [name for name in schedule.LONGEST if name in names]
    assert names[: len(first)] == first and names[0] == "stranger"
    assert set(schedule.LONGEST) - set(names) == (set() if long else {"molecule-site"})
