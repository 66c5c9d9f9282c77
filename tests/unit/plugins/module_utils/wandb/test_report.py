# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.onprem.wandb.plugins.module_utils._wandb.report import Problem, last_lines, masked, render, verdicts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dial mysql://wandb:abc123@db:3306/x", "dial mysql://***@db:3306/x"),
        ("redis://:abc@host", "redis://***@host"),
        ("s3://AK:SK@s3.test:9000/b?tls=true", "s3://***@s3.test:9000/b?tls=true"),
        ("password=abc and more", "password=*** and more"),
        ('{"secretKey": "abc", "a": 1}', '{"secretKey": "***", "a": 1}'),
        ("Access denied (using password: YES)", "Access denied (using password: YES)"),
        ("nothing to hide at https://host/path", "nothing to hide at https://host/path"),
    ],
)
def test_credentials_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_last_lines_are_the_last_that_say_something() -> None:
    assert last_lines("a\n\nb\n  \nc\n", 2) == ["b", "c"]
    assert last_lines("10:01 no db\n10:02 up\n10:03 no db\n", 5) == ["10:02 up", "10:03 no db (said 2 times)"]
    assert last_lines("x" * 300, 1, 20) == ["x" * 17 + "..."]
    assert last_lines("a\nb", 0) == []
    assert last_lines("why\nGET /ready", 5, without=["/ready"]) == ["why"]
    assert last_lines("GET /ready", 5, without=["/ready"]) == ["GET /ready"]


def test_a_check_that_was_not_made_has_no_verdict() -> None:
    found = verdicts([Problem("release", "x", "y")], {"api", "resource", "release"})
    assert (found["resource"], found["release"], found["routes"]) == (True, False, None)


def test_the_report_names_the_most_basic_problem_first() -> None:
    problems = [Problem("routes", "https://w/", "HTTP 503"), Problem("workloads", "pod x", "CrashLoopBackOff", details=["log: no database"])]
    text = render("W&B https://w", problems, verdicts(problems, {"api", "workloads", "routes"}), 61.3, "kubectl get pods")
    assert text.splitlines() == [
        "W&B https://w is not serving after 61 s; 2 things are not as expected:",
        "1. [workloads] pod x: CrashLoopBackOff",
        "     log: no database",
        "2. [routes] https://w/: HTTP 503",
        "Fine: api.",
        "Not looked at, because of the above: resource, operator, release, readiness.",
        "Next: kubectl get pods",
    ]


def test_nothing_wrong_is_one_sentence() -> None:
    assert render("W&B https://w", [], {}) == "W&B https://w is serving."


def test_what_only_the_module_needs_is_not_returned() -> None:
    assert set(Problem("a", "b", "c", log_from={"pod": "x"}, events_of="Pod/x").as_dict()) == {"check", "subject", "message", "fatal", "details"}
