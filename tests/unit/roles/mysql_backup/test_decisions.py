# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who acts, what is shipped, what is removed, where a replay ends: without servers."""

from __future__ import annotations

import datetime
import os
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mysql_backup import binlogs, catalog, decide, failures, manifest, restic, retention, ship, target
from mysql_backup.base import Problem
from mysql_backup.full import data_bytes, space_problem
from mysql_backup.guard import foreign
from mysql_backup.server import Look

AT = datetime.datetime(2026, 11, 23, 14, 0, tzinfo=datetime.timezone.utc)
UUID = "1abe9d5b-e743-11f1-8336-02fc00000001"


def server(**changes: t.Any) -> Look:
    base: dict[str, t.Any] = {"server_uuid": UUID, "version": "8.4.11", "basedir": "/b", "datadir": "/d", "log_bin_basename": "/d/binlog", "executed": ""}
    base.update(writable=False, channel=True, applying=True, standbys=0)
    return Look(**{**base, **changes})


PRIMARY = {"writable": True, "channel": False, "applying": False}


def test_the_standby_acts() -> None:
    assert decide.acts(server()) == (True, "it is the standby")


@pytest.mark.parametrize(
    ("me", "why"),
    [
        (None, "does not run"),
        (server(applying=False), "replication is stopped"),
        (server(channel=False), "neither primary nor standby"),
        (server(**PRIMARY, standbys=1), "1 standby attached"),
    ],
)
def test_others_do_not(me: t.Optional[Look], why: str) -> None:
    doing, reason = decide.acts(me)
    assert not doing and why in reason


def test_a_lone_primary_acts() -> None:
    assert decide.acts(server(**PRIMARY))[0]


def test_a_lone_primary_whose_commits_wait_is_not_copied() -> None:
    alone = server(**PRIMARY, acknowledged=True)
    assert decide.copies(alone) == (False, decide.WAITS)
    assert decide.acts(alone)[0] and decide.ships(alone, others_reach_back=True)[0]
    assert decide.copies(server(**PRIMARY))[0] and decide.copies(server(acknowledged=True))[0]
    assert "1 standby attached" in decide.copies(server(**PRIMARY, standbys=1, acknowledged=True))[1]


class Asked:
    """A session that answers two questions and refuses the one that can wait for ever."""

    def executed(self) -> str:
        return f"{UUID}:1-9"

    def rows(self, sql: str) -> list[dict[str, t.Any]]:
        assert sql == "SHOW BINARY LOGS"
        return [{"Log_name": "binlog.000001", "File_size": 7}, {"Log_name": "binlog.000002", "File_size": 42}]

    def value(self, sql: str) -> str:
        raise AssertionError(f"asked for {sql}")


def test_nothing_is_asked_that_waits_for_commits() -> None:
    """Also of a standby: it may be the primary by the time it answers."""
    assert binlogs.position(t.cast(t.Any, Asked())) == ("binlog.000002", 42, f"{UUID}:1-9")


def test_a_primary_ships_until_the_standby_reaches_back() -> None:
    assert decide.ships(server(**PRIMARY, standbys=1), others_reach_back=False)[0]
    assert not decide.ships(server(**PRIMARY, standbys=1), others_reach_back=True)[0]
    assert not decide.ships(server(channel=False), others_reach_back=False)[0]


def test_another_database_is_refused_with_both_ways_out() -> None:
    text = foreign(f"{UUID}:7", "the full backup x", server(**PRIMARY), "berlin")
    assert "mysql_restore -i <inventory> -e op_confirm=berlin" in text and "adopt=yes" in text and f"{UUID}:7" in text
    assert foreign("", "x", server(), "berlin") == ""
    assert """ -e '{"op_confirm": "the lab"}' -e op_adopt=yes""" in foreign(f"{UUID}:7", "x", server(**PRIMARY), "the lab")


# --- retention ----------------------------------------------------------------------------------------------------------------------


def full(days_ago: float, verified: bool = True) -> catalog.Full:
    at = AT - datetime.timedelta(days=days_ago)
    snapshot = restic.Snapshot(f"s{days_ago}", at, "db2", ("/x",), ("full",))
    return catalog.Full(f"f{days_ago}", at, snapshot, at if verified else None)


FULLS = st.lists(st.tuples(st.floats(0, 60), st.booleans()), max_size=30).map(lambda rows: [full(days, ok) for days, ok in rows])


@given(FULLS, st.floats(1, 30), st.integers(1, 5))
def test_retention_keeps_what_it_promises(fulls: list[catalog.Full], days: float, keep_min: int) -> None:
    gone = retention.removable(fulls, AT, days, keep_min)
    kept = [one for one in fulls if one not in gone]
    border = AT - datetime.timedelta(days=days)
    assert all(one.at <= border for one in gone)  # nothing inside the retention
    proved = [one for one in fulls if one.verified]
    if gone:
        assert sum(1 for one in kept if one.verified) >= keep_min
        assert any(one.verified and one.at <= border for one in kept)  # the retention's first second can be reached
        assert max(proved, key=lambda one: one.at) in kept
    if not any(one.verified for one in fulls):
        assert gone == []


def test_failing_proofs_keep_everything() -> None:
    """P9: backups failing their proof for ten days."""
    fulls = [full(day, verified=day > 10) for day in range(20)]
    gone = retention.removable(fulls, AT, 7, 2)
    kept = [one for one in fulls if one not in gone]
    assert sum(1 for one in kept if one.verified) >= 2


def test_old_ones_go() -> None:
    gone = retention.removable([full(day) for day in range(12)], AT, 7, 2)
    assert [one.id for one in gone] == ["f11", "f10", "f9", "f8"]


def test_binary_logs_go_when_the_oldest_full_holds_them() -> None:
    assert retention.needless({"a": "1-5", "b": "1-9"}, "1-7", lambda left, right: left <= right) == ["a"]


# --- shipping -----------------------------------------------------------------------------------------------------------------------


def record(chain: str, number: int, **files: int) -> catalog.Record:
    at = AT + datetime.timedelta(minutes=number)
    names = {name.replace("_", "."): size for name, size in files.items()}
    return catalog.Record(chain, at, restic.Snapshot(f"{chain}{number}", at, "db2", ("/x",), ("binlog",)), names)


def test_only_smaller_copies_of_the_same_files_are_superseded() -> None:
    records = [record("a", 1, binlog_1=10), record("a", 2, binlog_1=20, binlog_2=5), record("b", 3, binlog_1=1)]
    gone = ship.superseded(records, "a", {"binlog.1": 20})
    assert [one.id for one in gone] == ["a1"]


def test_the_spool_is_bounded() -> None:
    files = [binlogs.LogFile(f"binlog.{number}", "", 60, False) for number in range(3)]
    assert [len(batch) for batch in ship.batches(files, 120)] == [2, 1]
    assert [len(batch) for batch in ship.batches(files, 10)] == [1, 1, 1]


def test_numbers_that_begin_again_are_another_chain() -> None:
    known = {UUID: {"files": {"binlog.1": {"begun": 100}}}}
    assert ship.chain_of(UUID, {}, {"binlog.1": 100}) == UUID
    assert ship.chain_of(UUID, known, {"binlog.1": 100, "binlog.2": 200}) == UUID
    assert ship.chain_of(UUID, known, {"binlog.1": 300}) == f"{UUID}~300"


def test_the_spool_takes_what_is_new_and_notices_another_file(tmp_path: t.Any) -> None:
    source, spooled = tmp_path / "live", tmp_path / "spooled"
    source.write_bytes(binlogs.MAGIC + b"a" * 100)
    assert binlogs.append(str(source), str(spooled), 50) == 50
    assert binlogs.append(str(source), str(spooled), 104) == 54
    assert spooled.read_bytes() == source.read_bytes()
    source.write_bytes(binlogs.MAGIC + b"b" * 200)
    assert binlogs.append(str(source), str(spooled), 204) == 204
    assert spooled.read_bytes() == source.read_bytes()
    with pytest.raises(Problem, match="the server said 999"):
        binlogs.append(str(source), str(spooled), 999)


def test_a_file_that_is_no_binary_log(tmp_path: t.Any) -> None:
    path = tmp_path / "binlog.000001"
    path.write_bytes(b"\0" * 100)
    with pytest.raises(Problem, match="is no binary log"):
        binlogs.begun(str(path))


@given(st.lists(st.tuples(st.sampled_from(["u", "u:tag"]), st.integers(1, 50)), max_size=40, unique=True))
def test_single_gtids_become_a_set(pairs: list[tuple[str, int]]) -> None:
    text = binlogs.gtid_set(f"{origin}:{number}" for origin, number in pairs)
    found = set()
    for part in text.split(",") if text else ():
        origin = "u:tag" if part.startswith("u:tag:") else "u"
        for span in part[len(origin) + 1 :].split(":"):
            first, last = span.split("-")
            found |= {(origin, number) for number in range(int(first), int(last) + 1)}
    assert found == set(pairs)


def test_an_unbroken_row_is_one_segment() -> None:
    files = {"b.1": {"previous": "", "end": "1-5"}, "b.2": {"previous": "1-5", "end": "1-9"}, "b.4": {"previous": "1-12", "end": "1-20"}}
    assert catalog.segments(files) == [("", "1-9"), ("1-12", "1-20")]


# --- where a replay ends ------------------------------------------------------------------------------------------------------------

PRINTED = """# at 158
#261123 14:02:58 server id 1  end_log_pos 237 CRC32 0x1 \tGTID\tlast_committed=0\toriginal_committed_timestamp=1795442578900000\timmediate_commit_timestamp=1
SET @@SESSION.GTID_NEXT= 'UUID:7'/*!*/;
# at 237
#261123 14:02:58 server id 1  end_log_pos 300 CRC32 0x1 \tQuery
# at 400
#261123 14:02:59 server id 1  end_log_pos 480 CRC32 0x1 \tGTID\tlast_committed=1\toriginal_committed_timestamp=1795442579000000\timmediate_commit_timestamp=1
SET @@SESSION.GTID_NEXT= 'UUID:tag:8'/*!*/;
SET @@SESSION.GTID_NEXT= 'AUTOMATIC' /* added by mysqlbinlog */ /*!*/;
""".splitlines()


def test_transactions_of_a_file() -> None:
    found = list(binlogs.transactions(PRINTED))
    assert found == [binlogs.Transaction(158, "uuid:7", 1795442578900000), binlogs.Transaction(400, "uuid:tag:8", 1795442579000000)]


def test_the_replay_ends_before_the_time_or_the_transaction() -> None:
    found = list(binlogs.transactions(PRINTED))
    assert binlogs.first_excluded(found, before_time=1795442579000000) == found[1]
    assert binlogs.first_excluded(found, before_time=1795442578000000) == found[0]
    assert binlogs.first_excluded(found, before_time=1795442579000001) is None
    assert binlogs.first_excluded(found, before_gtid="uuid:tag:8") == found[1]


def test_targets() -> None:
    assert target.target("latest", AT).text == "latest"
    assert target.target("2026-11-23 13:02:59", AT).microseconds == 1795438979000000
    assert target.target("2026-11-23T13:02:59.5Z", AT).microseconds == 1795438979500000
    assert target.target(f"{UUID.upper()}:4711", AT).gtid == f"{UUID}:4711"
    assert target.target(f"{UUID}:tag:1", AT).gtid
    with pytest.raises(Problem, match="in the future"):
        target.target("2026-11-24 00:00:00", AT)
    for wrong in ("gestern", "2026-11-23", f"{UUID}:1-5"):
        with pytest.raises(Problem, match="expected latest"):
            target.target(wrong, AT)


# --- the repository -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Fatal: wrong password or no key found", "password"),
        ("unable to create lock in backend: repository is already locked exclusively by PID 7 on db1", "locked"),
        ("Fatal: unable to open config file: Stat: Access Denied.\nIs there a repository at the following location?", "denied"),
        ("Fatal: unable to open config file: Stat: The specified key does not exist.\nIs there a repository at the following location?", "missing"),
        ("Save(<data/1>) returned error: write /srv/x: no space left on device", "full"),
        ("XMinioStorageFull: Storage backend has reached its minimum free drive threshold", "full"),
        ("ciphertext verification failed", "damaged"),
        ("pack 12ab: unexpected EOF", "damaged"),
        ("dial tcp 10.0.0.1:9000: connect: connection refused", "unreachable"),
        ("x509: certificate signed by unknown authority", "unreachable"),
        ('Fatal: unable to open config file: Stat: Get "https://s3": x509: unknown authority\nIs there a repository at the following location?', "unreachable"),
        ("something new", ""),
    ],
)
def test_what_restic_says_becomes_a_sentence(said: str, kind: str) -> None:
    assert failures.kind(said) == kind
    text = failures.sentence(said, "s3:x", "/etc/e")
    assert "s3:x" in text and "Next:" in text
    assert kind == "missing" or text.endswith("restic: " + said.splitlines()[0])


def test_snapshots_are_read_with_any_fraction_and_zone() -> None:
    entry = {"id": "1", "time": "2026-11-23T14:02:59.123456789+01:00", "hostname": "db2", "paths": ["/x"], "tags": ["full", "id=a"]}
    one = restic.snapshot_of(entry)
    assert one.at == datetime.datetime(2026, 11, 23, 13, 2, 59, 123456, tzinfo=datetime.timezone.utc)
    assert one.tag("id") == "a" and one.tag("of") == ""
    assert restic.snapshot_of({"id": "1", "time": "2026-11-23T14:02:59Z"}).at == AT + datetime.timedelta(minutes=2, seconds=59)


def test_the_catalog_reads_tags() -> None:
    def snapshot(number: int, *tags: str) -> restic.Snapshot:
        path = "/mark.json" if "restored" in tags else "/x"
        return restic.Snapshot(str(number), AT + datetime.timedelta(minutes=number), "db2", (path,), tags)

    found = catalog.read(
        [
            snapshot(1, "full", "id=a"),
            snapshot(2, "binlog", "chain=u", "at=2026-11-23T14:02:00Z", "file=binlog.000001:10"),
            snapshot(3, "binlog", "chain=u", "at=2026-11-23T14:03:00Z", "file=binlog.000001:20", "file=binlog.000002:5"),
            snapshot(4, "verified", "of=a"),
            snapshot(5, "restored"),
        ]
    )
    assert found.fulls[0].verified == AT + datetime.timedelta(minutes=4)
    assert {name: size for name, (size, _one) in found.held("u").items()} == {"binlog.000001": 20, "binlog.000002": 5}
    assert len(found.marks) == 1 and found.chains() == ["u"]


@pytest.mark.parametrize("tag", ["full", "binlog", "verified", "restored"])
def test_what_others_keep_in_the_same_repository_is_no_backup_and_does_not_expire(tag: str) -> None:
    """The host's own files, backed up into the same repository by a plain `restic backup --tag full /etc`: restic allows it, and its tags are free words."""
    theirs = restic.Snapshot("t", AT, "db2", ("/etc",), (tag,))
    assert catalog.read([theirs]) == catalog.Catalog()


# --- the manifest -------------------------------------------------------------------------------------------------------------------

TABLES = {"w.a": {"rows": 1, "checksum": 5}, "w.b": {"rows": 2, "checksum": None}}


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"w.a": {"rows": 1, "checksum": 5}}, "w.b is missing"),
        ({**TABLES, "w.c": {"rows": 0, "checksum": 0}}, "w.c was not there"),
        ({**TABLES, "w.a": {"rows": 1, "checksum": 6}}, "checksum 6, expected 5"),
        ({**TABLES, "w.b": {"rows": 3, "checksum": 1}}, "rows 3, expected 2"),
    ],
)
def test_a_difference_is_found(seen: t.Any, said: str) -> None:
    assert any(said in one for one in manifest.differences(TABLES, seen, True))


def test_no_difference_where_there_is_none() -> None:
    assert manifest.differences(TABLES, {**TABLES, "w.b": {"rows": 2, "checksum": 9}}, True) == []
    assert manifest.differences(TABLES, {**TABLES, "w.a": {"rows": 1, "checksum": 9}}, False) == []  # another version sums in another way
    assert manifest.unchecked(TABLES) == ["w.b"]


def test_data_of_a_server_that_works_are_measured(tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """W&B migrates its schema at night: #sql-….ibd of an ALTER TABLE is there when the directory is listed, and renamed when its size is asked."""
    for name in ("runs.ibd", "#sql-1a2b.ibd", "binlog.000001"):
        (tmp_path / name).write_bytes(bytes(100))
    real = os.path.getsize

    def getsize(path: str) -> int:
        if "#sql-" in path:
            os.unlink(path)
        return real(path)

    monkeypatch.setattr(os.path, "getsize", getsize)
    assert data_bytes(str(tmp_path)) == 100


def test_space_is_judged_with_numbers() -> None:
    assert space_problem(10 * 1024**3, 12 * 1024**3, "/w", "a copy") == ""
    assert "10.0 GiB free; expected at least 11.5 GiB" in space_problem(10 * 1024**3, 10 * 1024**3, "/w", "a copy")
