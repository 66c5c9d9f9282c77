# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore does on which host, whatever an earlier run left: pure decisions and words."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.plugin_utils._mysql import restore
from ansible_collections.onprem.wandb.tests.unit.recorded import recording
from hypothesis import given
from hypothesis import strategies as st

TO, OPENED_AT = "2026-11-23 14:02:59", "2026-11-23T15:00:00Z"
RECORD = recording.changed(recording.read("mysql_backup_finish"), {"to": TO, "opened_at": OPENED_AT})


def look(**changes: t.Any) -> dict[str, t.Any]:
    """The registered result of a host that answered."""
    state = recording.changed(recording.read("mysql_backup_restore_state"), {"writable": False, "role": "replica", **changes})
    return {"rc": 0, "stdout": f"something before\n{json.dumps(state)}", "stderr": ""}


PRIMARY = {"writable": True, "role": "primary"}
STOPPED = {"running": False, "role": ""}
BARE = {**STOPPED, "data": False}
ABSENT = {"unreachable": True, "msg": "no route"}


def plan(db1: t.Any, db2: t.Any, to: str = TO, **options: t.Any) -> dict[str, t.Any]:
    return restore.plan([("db1", db1), ("db2", db2)], to, **options)


def test_from_the_beginning() -> None:
    found = plan(look(**PRIMARY), look())
    assert (found["case"], found["host"], found["refusal"]) == ("fresh", "db1", "")
    assert found["ship"] == ["db1", "db2"] and found["prepare"] == found["place"] == found["open"] == ["db1"]
    assert found["stop"] == ["db1", "db2"] and found["aside"] == ["db2"] and found["work"]
    assert plan(look(), look(**PRIMARY))["stop"] == ["db2", "db1"]  # the one that takes writes first
    assert plan(look(**PRIMARY), look(), onto="db2")["host"] == "db2"
    assert plan(look(**STOPPED), look(**STOPPED), primary="db2")["host"] == "db2"
    assert plan(look(**STOPPED), look(**STOPPED), primary="db9")["host"] == "db1"


@pytest.mark.parametrize(
    ("stage", "state", "expected"),
    [
        ("placing", STOPPED, {"place": ["db1"], "stop": ["db1", "db2"], "open": ["db1"], "aside": ["db2"]}),
        ("old data moved", STOPPED, {"place": ["db1"], "stop": ["db1", "db2"], "open": ["db1"], "aside": ["db2"]}),
        ("placed", STOPPED, {"place": [], "stop": ["db2"], "open": ["db1"], "aside": ["db2"]}),
        ("placed", {"role": "none"}, {"place": [], "stop": ["db2"], "open": ["db1"], "aside": ["db2"]}),
        ("opened", PRIMARY, {"place": [], "stop": [], "open": [], "aside": []}),
        ("opened", {"role": "replica"}, {"place": [], "stop": [], "open": [], "aside": []}),  # somebody has switched over since
    ],
)
def test_what_was_interrupted_is_finished(stage: str, state: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    found = plan(look(stage=stage, to=TO, **state), look())
    assert (found["case"], found["host"], found["refusal"]) == ("resume", "db1", "")
    assert {name: found[name] for name in expected} == expected
    assert found["prepare"] == found["ship"] == []
    other = plan(look(stage=stage, to=TO, **state), look(), to="latest")
    assert "is not finished. Nothing was changed" in other["refusal"] and f"restore_to='{TO}'" in other["refusal"]


def test_what_was_opened_and_not_noted_moves_the_other_host_only_when_that_is_left() -> None:
    opened = look(stage="opened", to=TO, **PRIMARY)
    assert plan(opened, look())["aside"] == []  # somebody has made the pair whole since
    assert plan(opened, look(stage="leaving", to=TO, **STOPPED))["aside"] == ["db2"]
    assert plan(opened, look(stage="setting aside", to=TO, **STOPPED))["stop"] == ["db2"]
    assert plan(opened, look(stage="leaving", to="latest", **STOPPED))["aside"] == []  # noted for one that was given up


def test_what_was_restored_and_opened_is_not_restored_again() -> None:
    """The playbook is run again after it ended, or was killed after it had opened the server: what was written since stays."""
    found = plan(look(restored=RECORD, **PRIMARY), look())
    assert (found["case"], found["work"], found["refusal"]) == ("done", False, "")
    assert not any(found[name] for name in ("ship", "prepare", "stop", "place", "open", "aside"))
    lines = restore.plan_lines(found, TO, {})
    assert "restored already" in lines[0] and OPENED_AT in lines[0] and lines[-1].endswith(f"-e op_restore_again={OPENED_AT}")


def test_it_is_restored_again_for_whoever_names_the_one_that_is_given_up() -> None:
    assert plan(look(restored=RECORD, **PRIMARY), look(), again=OPENED_AT)["case"] == "fresh"
    assert plan(look(restored=RECORD, **PRIMARY), look(), again="2026-11-20T00:00:00Z")["case"] == "done"
    assert plan(look(restored=RECORD, **PRIMARY), look(), again="yes")["case"] == "done"
    assert plan(look(restored=RECORD, **PRIMARY), look(), to="latest")["case"] == "fresh"


def test_what_a_run_that_opened_did_not_come_to() -> None:
    found = plan(look(restored=RECORD, **PRIMARY), look(stage="leaving", to=TO, **STOPPED))
    assert (found["case"], found["work"], found["aside"], found["stop"], found["open"]) == ("done", True, ["db2"], ["db2"], [])
    unmarked = plan(look(restored={**RECORD, "marked": False}, **PRIMARY), look())
    assert unmarked["work"] and unmarked["stop"] == []


@pytest.mark.parametrize("other", [look(stage="leaving", to=TO, **STOPPED), look(stage="setting aside", to=TO, **STOPPED), look(**BARE)])
def test_a_restored_server_that_was_rebooted_is_opened_again_when_nobody_can_have_taken_over(other: t.Any) -> None:
    found = plan(look(restored=RECORD, role="none"), other)
    assert (found["case"], found["open"], found["refusal"]) == ("done", ["db1"], "")


@pytest.mark.parametrize("other", [look(**STOPPED), look(role="none"), ABSENT])
def test_it_is_not_opened_when_somebody_may_have_taken_over(other: t.Any) -> None:
    found = plan(look(restored=RECORD, role="none"), other, is_down=True)
    assert found["open"] == [] and "another one may have" in found["refusal"] and "mysql_status -i <inventory>" in found["refusal"]


def test_a_record_on_a_host_that_is_given_up_counts_for_nothing() -> None:
    assert plan(look(restored=RECORD, stage="leaving"), look(**PRIMARY))["case"] == "fresh"


def test_a_host_that_cannot_be_reached() -> None:
    found = plan(look(**PRIMARY), ABSENT)
    assert "db2 cannot be reached" in found["refusal"] and found["refusal"].endswith("-e op_old_primary_is_down=yes")
    found = plan(look(**PRIMARY), ABSENT, is_down=True)
    assert found["refusal"] == "" and found["reached"] == ["db1"] and found["aside"] == []
    assert "No host" in plan(ABSENT, ABSENT, is_down=True)["refusal"]


@pytest.mark.parametrize(
    ("result", "seen", "following"),
    [
        ({"rc": 1, "stderr": "no socket.", "stdout": ""}, "Seen: no socket.", "ssh db2 mysql-backup restore-state"),
        ({"rc": 2, "msg": "[Errno 2] No such file or directory: b'mysql-backup'"}, "is not installed", "onprem.wandb.backups -i <inventory>"),
        ({"rc": 0, "stdout": "{", "stderr": ""}, "Seen: no word", "restore-state"),
    ],
)
def test_a_host_that_is_up_and_says_nothing_is_not_called_down(result: dict[str, t.Any], seen: str, following: str) -> None:
    """It may be writable: no word of a person replaces its own."""
    for is_down in (False, True):
        found = plan(look(**PRIMARY), result, is_down=is_down)
        assert "db2 can be reached" in found["refusal"] and seen in found["refusal"] and found["refusal"].endswith(following)
        assert "old_primary_is_down" not in found["refusal"]


def test_a_host_of_another_group_is_refused() -> None:
    found = plan(look(**PRIMARY), look(), onto="db9")
    assert "is not among the hosts" in found["refusal"] and "Nothing was changed" in found["refusal"]


STAGES = ("", "prepared", "placing", "old data moved", "placed", "opened", "leaving", "setting aside")
STATES = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(STAGES),
        "to": st.sampled_from(["", TO]),
        "restored": st.sampled_from([{}, RECORD]),
        "running": st.booleans(),
        "writable": st.booleans(),
        "role": st.sampled_from(["", "none", "primary", "replica"]),
        "data": st.booleans(),
    }
)


@given(STATES, STATES, st.booleans())
def test_whatever_was_left(first: dict[str, t.Any], second: dict[str, t.Any], is_down: bool) -> None:
    found = plan(look(**first), look(**second), is_down=is_down)
    if found["refusal"]:
        assert not found["work"] and ". Next: " in found["refusal"]
        return
    host = found["host"]
    mine = first if host == "db1" else second
    assert not set(found["place"] + found["open"] + found["prepare"]) - {host} and host not in found["aside"]
    assert set(found["place"]) <= set(found["stop"]), "files of a running server are moved"
    assert set(found["aside"]) <= set(found["stop"])
    opened = mine["restored"] and mine["stage"] in ("", "prepared")
    assert not (opened and found["place"]), "what was written since the restore is thrown away"
    assert found["open"] or mine["stage"] == "opened" or any(one["writable"] for one in (first, second)), "nobody takes writes in the end"
    assert restore.plan_lines(found, TO, {})


# --- words ----------------------------------------------------------------------------------------------------------------------


def test_the_plan_in_words() -> None:
    planned = {"stage": "", "full": "F", "full_at": "A", "full_verified": True, "bytes": 3 << 20, "tables": 7, "binlogs": ["a"], "binlog_bytes": 1 << 20}
    text = "\n".join(restore.plan_lines(plan(look(**PRIMARY), look()), TO, {**planned, "newest_transactions_at": "N"}))
    assert f"restore to: {TO}, onto db1" in text and "full backup F of A (proved by a restore, 3.0 MiB, 7 tables)" in text
    assert "stop db1 and db2" in text


@pytest.mark.parametrize("stage", ["placing", "placed"])
def test_an_interrupted_restore_is_called_that(stage: str) -> None:
    """Its full was chosen and proved before; nothing is known of that here, and nothing is said."""
    text = "\n".join(restore.plan_lines(plan(look(stage=stage, to=TO, **STOPPED), look()), TO, {}))
    assert f"goes on with a run that was interrupted ('{stage}')" in text
    assert "not proved" not in text and "?" not in text and "None" not in text and "0 binary logs" not in text


@pytest.mark.parametrize(
    "result",
    [None, {}, {"skipped": True}, {"rc": 0, "stdout": "", "stdout_lines": []}, {"rc": 1, "stdout": '{"acted": true}'}, {"rc": 0, "stdout": "[]"}, {"rc": 0}],
)
def test_a_task_without_a_result_has_none(result: t.Any) -> None:
    """Skipped in check mode, failed, on a host that is down: `[] | last` is an error of its own."""
    assert restore.said(result) == {}
