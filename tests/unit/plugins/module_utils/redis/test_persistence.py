# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to the data of a Redis before it is configured."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.onprem.wandb.plugins.module_utils._redis import persistence as p
from ansible_collections.onprem.wandb.plugins.module_utils._redis.persistence import Disk, Running

DIR = "/var/lib/redis"
LOG = "/var/lib/redis/appendonlydir"
DUMP = Disk("/var/lib/redis/dump.rdb", DIR)


@pytest.mark.parametrize(
    ("appendonly", "found", "running", "action", "sentence"),
    [
        # A bare host, and one whose server runs as it will.
        (True, Disk(), None, "", ""),
        (True, Disk(DUMP.snapshot, DIR, appendonly=True), Running(True, DIR, 7), "", ""),
        (True, Disk(DUMP.snapshot, DIR, appendonly=True), None, "", ""),
        # From the snapshot to the append-only file.
        (True, DUMP, Running(False, DIR, 7), p.WRITE, ""),
        (True, Disk(), Running(False, DIR, 0), p.WRITE, ""),
        (True, DUMP, Running(True, DIR, 7, writing=True), p.WAIT, ""),
        (True, DUMP, None, "", "dump.rdb holds data, and no Redis answers that could write them into an append-only file (refused)"),
        # Back: a server that is stopped writes its snapshot.
        (False, DUMP, Running(True, DIR, 7, writing=True), "", ""),
        (False, DUMP, None, "", ""),
        (False, Disk("", DIR, True, LOG), Running(True, DIR, 7), "", ""),
        (False, Disk(DUMP.snapshot, DIR, True, LOG), None, "", "appendonlydir holds data, and no Redis answers that could write them into a snap"),
        (False, Disk("", DIR, True, LOG), None, "", "it would start with those of no snapshot"),
        (False, Disk(DUMP.snapshot, DIR, False, LOG), None, "", ""),  # of an earlier time: the server already goes without it
        # Stopped, with redis_save empty: the append-only file is all there is.
        (True, Disk("", "/srv/redis", True, "/srv/redis/appendonlydir"), None, "", "/srv/redis/appendonlydir holds data; redis_data_dir is /var/lib/redis"),
        # A server that was there before the role, with its data elsewhere.
        (True, Disk(), Running(False, "/srv/redis", 7), "", "The running Redis holds 7 keys, kept in /srv/redis; redis_data_dir is /var/lib/redis"),
        (False, Disk(), Running(False, "/srv/redis", 7), "", "Next: set redis_data_dir: /srv/redis"),
        (True, Disk(), Running(False, "/srv/redis", 0), p.WRITE, ""),
        (False, Disk("/srv/redis/dump.rdb", "/srv/redis"), None, "", "/srv/redis/dump.rdb holds data; redis_data_dir is /var/lib/redis"),
    ],
)
def test_data_are_kept_or_the_run_ends(appendonly: bool, found: Disk, running: t.Optional[Running], action: str, sentence: str) -> None:
    done, refusal = p.decide(appendonly, DIR, "redis-server", found, running, "refused")
    assert done == action
    assert sentence in refusal
    assert bool(refusal) == bool(sentence)
    assert not refusal or ("Nothing was changed." in refusal and "Next: " in refusal)


def test_the_present_configuration_says_where_the_data_are(tmp_path: t.Any) -> None:
    conf = tmp_path / "redis.conf"
    assert p.disk(str(conf), str(tmp_path)) == Disk("", str(tmp_path))
    (tmp_path / "own.rdb").write_bytes(b"REDIS0011")
    (tmp_path / "dump.rdb").write_bytes(b"")
    assert p.disk(str(conf), str(tmp_path)) == Disk("", str(tmp_path))
    conf.write_text(f'# appendonly yes\nport 6379\ndir "{tmp_path}"\ndbfilename own.rdb\nAppendOnly yes\n')
    assert p.disk(str(conf), "/elsewhere") == Disk(str(tmp_path / "own.rdb"), str(tmp_path), appendonly=True)


def test_an_append_only_file_that_holds_data(tmp_path: t.Any) -> None:
    conf, pieces = tmp_path / "redis.conf", tmp_path / "appendonlydir"
    conf.write_text(f"dir {tmp_path}\nappendonly yes\n")
    pieces.mkdir()
    (pieces / "appendonly.aof.manifest").write_text("file appendonly.aof.1.base.rdb seq 1 type b\n")
    (pieces / "appendonly.aof.1.incr.aof").write_text("")
    assert p.disk(str(conf), "/elsewhere").log == ""
    (pieces / "appendonly.aof.1.base.rdb").write_bytes(b"REDIS0011")
    assert p.disk(str(conf), "/elsewhere").log == str(pieces)
    (tmp_path / "appendonly.aof").write_text("*1\r\n")
    assert p.disk(str(conf), "/elsewhere").log == str(tmp_path / "appendonly.aof")


class Client:
    """Answers as Redis 7.2 does."""

    def __init__(self, **facts: t.Any) -> None:
        self.facts = {"appendonly": "yes", "aof_rewrite_in_progress": 0, "aof_rewrite_scheduled": 0, "aof_last_bgrewrite_status": "ok", **facts}

    def call(self, *words: str) -> t.Any:
        if words[:2] == ("CONFIG", "GET"):
            return [words[2], {"appendonly": self.facts["appendonly"], "dir": DIR}[words[2]]]
        if words == ("INFO", "persistence"):
            return "# Persistence\r\n" + "".join(f"{name}:{value}\r\n" for name, value in self.facts.items() if name.startswith("aof"))
        return "# Keyspace\r\ndb0:keys=5,expires=1,avg_ttl=0,subexpiry=0\r\ndb3:keys=2,expires=0,avg_ttl=0\r\n"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, Running(True, DIR, 7)),
        ({"appendonly": "no"}, Running(False, DIR, 7)),
        ({"aof_rewrite_scheduled": 1}, Running(True, DIR, 7, writing=True)),
        ({"aof_rewrite_in_progress": 1}, Running(True, DIR, 7, writing=True)),
        ({"aof_last_bgrewrite_status": "err"}, Running(True, DIR, 7, problem="the rewrite failed")),
    ],
)
def test_what_a_server_says(facts: dict[str, t.Any], expected: Running) -> None:
    assert p.look(t.cast(t.Any, Client(**facts))) == expected
