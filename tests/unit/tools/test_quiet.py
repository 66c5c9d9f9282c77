"""Reading Ansible's log."""

from __future__ import annotations

import pytest
from quiet import Run, runs

HEAD = "2026-11-23 13:52:15,295 p={process} u=root n=ansible {level}| "
RECAP = "db1                        : ok=3    changed={changed}    unreachable=0    failed={failed}    skipped=0    rescued=0    ignored=0   "


def log(process: int, *texts: str, level: str = "INFO") -> str:
    return "".join(HEAD.format(process=process, level=level) + text + "\n" for text in texts)


def quiet(process: int = 7) -> str:
    return log(process, "PLAY [x] ***", "TASK [host : See] ***", "ok: [db1]", "PLAY RECAP ***", RECAP.format(changed=0, failed=0))


def test_runs_are_told_apart_by_their_process() -> None:
    found = runs("torn line of an older file\n" + quiet(7) + "a second line of a text\n" + quiet(8) + log(9, "PLAY [x] ***"))
    assert [(run.process, run.finished, run.tasks) for run in found] == [("7", True, 1), ("8", True, 1), ("9", False, 0)]
    assert found[0].lines[-1] == "a second line of a text"
    assert [run.noise() for run in found] == [[], [], []]


@pytest.mark.parametrize(
    "text",
    [
        "[WARNING]: Could not match supplied host pattern",
        "[DEPRECATION WARNING]: INJECT_FACTS_AS_VARS",
        "changed: [db1]",
        "changed: [db1] => (item=x)",
        RECAP.format(changed=1, failed=0),
        RECAP.format(changed=0, failed=1),
    ],
)
def test_every_disturbance_is_told(text: str) -> None:
    run = Run("7", ["TASK [host : See] ***", text])
    assert run.noise()
    assert text.split(":")[0] in run.noise()[0]
