# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every line about backups and restores, where it is true and where it is not."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.onprem.wandb.plugins.filter.mysql_backup_report import mysql_backup_report
from ansible_collections.onprem.wandb.tests.unit.recorded import recording

FULL = recording.changed(recording.read("mysql_backup_full"), {"id": "20261126T0130Z-db2", "bytes": 3 * 1048576, "tables": 40, "rows": 1200, "seconds": 12.3})
PROOF = recording.read("mysql_backup_verify")
PROOF = recording.changed(PROOF, {"full": "20261126T0130Z-db2", "bytes": 1048576, "binlogs": 2, "tables": 40, "rows": 1200, "seconds": 4.5})
IDLE = recording.read("mysql_backup_idle")
PLAN = recording.changed(
    recording.read("mysql_backup_plan"),
    {
        "full": "20261126T0130Z-db2",
        "full_at": "2026-11-26T01:30:00Z",
        "bytes": 2 * 1048576,
        "tables": 40,
        "binlogs": ["binlog.000001 of u (1 KiB)", "binlog.000002 of u (1 KiB)"],
        "binlog_bytes": 1048576,
        "newest_transactions_at": "2026-11-26T13:00:00Z",
    },
)
RESTORED = {"gtid_executed": "u:1-9", "tables": 40, "rows": 1200, "seconds": 31.5, "kept": "/var/lib/mysql.before-restore-1"}
PLACED = recording.changed(recording.read("mysql_backup_placed"), {**RESTORED, "full": "20261126T0130Z-db2", "binlogs": 2})
DONE = recording.changed(recording.read("mysql_backup_finish"), RESTORED)


def ran(said: t.Mapping[str, t.Any], before: str = "db2 takes a full backup\n") -> dict[str, t.Any]:
    """As command registers it: words for the journal, then one line of JSON."""
    return {"rc": 0, "stdout": before + json.dumps(said), "stderr": ""}


def step(**results: t.Any) -> dict[str, list[str]]:
    return mysql_backup_report(results, "step", "full")


def test_who_acted_and_who_left_it_to_the_other() -> None:
    assert step(db1=ran(IDLE, ""), db2=ran(FULL)) == {
        "lines": [
            "db1 did nothing: it is the primary, and 1 standby attached does it",
            "db2: full of 20261126T0130Z-db2, 3.0 MiB, 40 tables, 1200 rows, 12.3 s",
        ],
        "acted": ["db2"],
    }
    proof = mysql_backup_report({"db2": ran(PROOF)}, "step", "verify")
    assert proof["lines"] == ["db2: verify of 20261126T0130Z-db2, 1.0 MiB, 40 tables, 1200 rows, 2 binlogs, 4.5 s"]


def test_a_host_without_an_answer_is_said_with_its_cause() -> None:
    """A host that is down or said no has no last line."""
    failed = {"failed": True, "rc": 1, "stdout": "", "stderr": "db2: the place is full.\nNext: make room."}
    assert step(db2=failed, db3={"unreachable": True, "msg": "no route"}, db4={}) == {
        "lines": [
            "db2: full failed: db2: the place is full. Next: make room.",
            "db3: cannot be reached",
            "db4: cannot be reached",
        ],
        "acted": [],
    }


def test_what_a_step_would_do() -> None:
    """Check mode once said that nobody was asked."""
    full, verify, nothing = (recording.read(f"mysql_backup_would_{name}") for name in ("full", "verify", "nothing"))
    seen = {"bytes": 3 * 1048576, "full": "f-db2", "full_at": "2026-11-26T01:30:00Z", "proved": "e-db2", "proved_at": "2026-11-26T03:30:00Z"}
    full, nothing = recording.changed(full, {**seen, "repository": "s3:x/y"}), recording.changed(nothing, seen)
    assert step(db1=ran(nothing, ""), db2=ran(full, "")) == {
        "lines": [
            "db1 would do nothing: it is the primary, and 1 standby attached does it",
            "db2 would take a full backup of 3.0 MiB into s3:x/y: it is the standby",
            "last full backup: f-db2 of 2026-11-26T01:30:00Z",
            "last one proved by a restore: e-db2, at 2026-11-26T03:30:00Z",
            "the next expiry would remove: nothing",
        ],
        "acted": ["db2"],
    }
    none = recording.changed(full, {"full": "", "full_at": "", "proved": "", "proved_at": "", "expires": ["a", "b"]})
    assert step(db2=ran(none, ""))["lines"][1:] == [
        "last full backup: none yet",
        "last one proved by a restore: none yet",
        "the next expiry would remove: a, b",
    ]
    verify = recording.changed(verify, {"full": "f-db2", "repository": "s3:x/y", "records": 2})
    said = mysql_backup_report({"db2": ran(verify, "")}, "step", "verify")["lines"][0]
    assert said == "db2 would restore f-db2 from s3:x/y, compare it and replay 2 records of binary logs: it is the standby"
    assert step(db1=ran(nothing, ""))["acted"] == []


def plan(said: t.Mapping[str, t.Any] | None) -> list[str]:
    return mysql_backup_report(ran(said) if said is not None else {}, "plan", "latest", "db1", ["db1", "db2"])["lines"]


def test_the_plan_of_a_restore() -> None:
    assert plan(PLAN) == [
        "restore to: latest, onto db1",
        "from: full backup 20261126T0130Z-db2 of 2026-11-26T01:30:00Z (proved by a restore, 2.0 MiB, 40 tables)",
        "then: 2 binary logs (1.0 MiB)",
        "newest transactions in the repository: 2026-11-26T13:00:00Z",
        "then: stop db1 and db2, keep the old data beside the new, open db1 as the primary alone",
        "afterwards: ansible-playbook onprem.wandb.mysql -i <inventory> makes the pair whole",
    ]
    assert "(not proved yet, " in plan({**PLAN, "full_verified": False})[1]
    assert plan(None)[1].startswith("there is no plan: mysql-backup plan said nothing on db1. Next: ")


def test_the_plan_of_a_restore_that_was_interrupted() -> None:
    """It once printed "not proved yet", "?" and 0 binary logs for a proved backup that was restored already."""
    said = plan(PLACED)
    assert said[1:] == [
        "a restore to latest got as far as 'placed' on db1: full backup 20261126T0130Z-db2, 2 binary logs, 40 tables, 1200 rows",
        "then: only what is left of it is done",
    ]


def done(said: t.Mapping[str, t.Any]) -> list[str]:
    return mysql_backup_report(ran(said), "restored", "latest", "db1")["lines"]


def test_what_a_restore_did() -> None:
    assert done(DONE) == [
        "restored to: latest, on db1, which is the primary and stands alone",
        "transactions: u:1-9",
        "first one left out: (none)",
        "40 tables, 1200 rows",
        "seconds to restore beside the data: 31.5",
        "old data: /var/lib/mysql.before-restore-1; they go with -e op_restore_discard_old=yes",
        "Next: ansible-playbook onprem.wandb.mysql -i <inventory> makes the pair whole again (the other host is copied anew)",
    ]
    assert "first one left out: u:10" in done({**DONE, "stopped_before": "u:10"})
    assert "old data: none are kept" in done({**DONE, "kept": ""})
    assert done({"changed": False})[0].startswith("nothing was restored: ")
