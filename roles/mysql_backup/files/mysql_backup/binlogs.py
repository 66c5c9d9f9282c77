# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live server's binary logs, and how they get into the spool."""

from __future__ import annotations

import os
import re
import subprocess
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, Server

from .base import say
from .process import die_with_parent
from .server import Look

MAGIC = b"\xfebin"
HEAD = 4096  # bytes that tell two files of the same name apart


@dataclass(frozen=True)
class LogFile:
    """One file, as far as it can be shipped. size: bytes up to the end of the last whole transaction."""

    name: str
    path: str
    size: int
    active: bool


def position(session: Server) -> tuple[str, int, str]:
    """Active file, end of its last whole transaction, and what was executed before that was asked.

    Two questions: everything executed at the first is in the file at the second, and what the file holds besides is told with the next run. Not
    performance_schema.log_status, which has one answer to both: it waits for commits that wait for a standby, cannot be killed, and every look at the
    replication waits behind it, so nobody could degrade the pair.
    """
    executed, last = session.executed(), session.rows("SHOW BINARY LOGS")[-1]
    return str(last["Log_name"]), int(last["File_size"]), executed


def files(session: Server, me: Look) -> tuple[list[LogFile], str]:
    """All files up to that position, the oldest first, and the GTID set at it."""
    if not me.log_bin_basename:
        raise Problem(
            "This server writes no binary log (log_bin is off), so nothing can be shipped. Next: set mysql_settings without log_bin and skip_log_bin."
        )
    active, end, executed = position(session)
    folder = os.path.dirname(me.log_bin_basename)
    found = []
    for row in session.rows("SHOW BINARY LOGS"):
        name = row["Log_name"]
        if row.get("Encrypted") == "Yes":
            raise Problem(
                f"The binary log {name} is encrypted by the server (binlog_encryption), and only that server can read it. Next: set mysql_settings without "
                "binlog_encryption; the repository is encrypted."
            )
        found.append(LogFile(name, os.path.join(folder, name), end if name == active else int(row["File_size"]), name == active))
        if name == active:
            break
    return found, executed


def previous(session: Server, name: str) -> str:
    """Everything executed before the file was begun."""
    for row in session.rows(f"SHOW BINLOG EVENTS IN '{name}' LIMIT 3"):
        if row["Event_type"] == "Previous_gtids":
            return str(row["Info"]).replace("\n", "")
    raise Problem(f"The binary log {name} does not say what was executed before it (no Previous_gtids). Expected with gtid_mode=ON. Next: mysql-backup full.")


def begun(path: str) -> int:
    """When the file was begun, from its first event: epoch seconds. Numbers begin again after RESET, this does not."""
    with open(path, "rb") as stream:
        head = stream.read(8)
    if head[:4] != MAGIC:
        raise Problem(f"{path} is no binary log. Seen: it begins with {head[:4]!r}; expected: {MAGIC!r}. Next: mysql-backup full, then look at the disk.")
    return int.from_bytes(head[4:8], "little")


def append(source: str, target: str, end: int) -> int:
    """Make target the first bytes of source; what is there already stays. Returns the bytes copied."""
    with open(source, "rb") as there, open(target, "ab+") as here:
        here.seek(0)
        have = os.fstat(here.fileno()).st_size
        if have > end or here.read(min(have, HEAD)) != there.read(min(have, HEAD)):
            say(f"{target}: another file of that name; copied again")
            here.truncate(0)
            have = 0
        there.seek(have)
        left = end - have
        while left:
            block = there.read(min(left, 1 << 20))
            if not block:
                raise Problem(
                    f"{source} has {end - left} bytes; the server said {end}. Next: mysql-backup ship; if it stays so, dmesg shows faults of the disk."
                )
            here.write(block)
            left -= len(block)
        here.flush()
        os.fsync(here.fileno())
    return end - have


GTID_LINE = re.compile(r"^SET @@SESSION\.GTID_NEXT= ?'([^']+)'")
AT_LINE = re.compile(r"^# at (\d+)")
TIME_LINE = re.compile(r"\bGTID\b.*\boriginal_committed_timestamp=(\d+)")


def scan(basedir: str, path: str) -> t.Iterator[Transaction]:
    """Every transaction of a file, by mysqlbinlog. A file it cannot read to its end is a problem."""
    argv = [os.path.join(basedir, "bin/mysqlbinlog"), "--no-defaults", "--base64-output=DECODE-ROWS", path]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", preexec_fn=die_with_parent) as process:  # noqa: PLW1509
        assert process.stdout is not None and process.stderr is not None
        try:
            yield from transactions(process.stdout)
        except GeneratorExit:
            process.kill()
            raise
        said = process.stderr.read().strip()
    if process.returncode != 0:
        raise Problem(
            f"{path} cannot be read to its end. Seen: {said.splitlines()[-1][:300] if said else 'no message'}. Next: mysql-backup full, then look at the disk."
        )


def gtid_set(names: t.Iterable[str]) -> str:
    """Single GTIDs as a set. Only the number behind the last colon is looked at, so tags do not matter."""
    found: dict[str, list[list[int]]] = {}
    for name in names:
        origin, number = name.rsplit(":", 1)
        ranges, one = found.setdefault(origin, []), int(number)
        if ranges and ranges[-1][1] + 1 == one:
            ranges[-1][1] = one
        else:
            ranges.append([one, one])
    return ",".join(f"{origin}:" + ":".join(f"{first}-{last}" for first, last in ranges) for origin, ranges in found.items())


@dataclass(frozen=True)
class Transaction:
    """Where it begins in its file, its name, and when it was committed where it came from: microseconds since 1970, 0 when the log does not say."""

    position: int
    gtid: str
    committed: int


def transactions(lines: t.Iterable[str]) -> t.Iterator[Transaction]:
    """From what mysqlbinlog prints."""
    at, committed = 0, 0
    for line in lines:
        if line.startswith("# at "):
            match = AT_LINE.match(line)
            at, committed = (int(match[1]), 0) if match else (at, committed)
        elif line.startswith("#") and "GTID" in line:
            match = TIME_LINE.search(line)
            committed = int(match[1]) if match else committed
        elif line.startswith("SET @@SESSION.GTID_NEXT"):
            match = GTID_LINE.match(line)
            if match and match[1] not in ("AUTOMATIC", "ANONYMOUS"):
                yield Transaction(at, match[1].lower(), committed)


def first_excluded(found: t.Iterable[Transaction], before_time: int = 0, before_gtid: str = "") -> t.Optional[Transaction]:
    """The first transaction that must not be replayed: committed at that time (microseconds) or later, or the one named."""
    for one in found:
        if (before_time and one.committed >= before_time) or (before_gtid and one.gtid == before_gtid):
            return one
    return None
