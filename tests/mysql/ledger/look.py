"""What the servers hold, asked of each host itself as the application's account."""

from __future__ import annotations

from dataclasses import dataclass, field

import pymysql

from .client import Session, connect
from .pair import LedgerError, Pair, wait_for
from .spans import Spans

# One row per unbroken run of numbers; copies > 0 means that a number of it is there more than once.
ISLANDS = """
SELECT writer, MIN(number), MAX(number), SUM(copies) - COUNT(*)
  FROM (SELECT writer, number, copies, number - ROW_NUMBER() OVER (PARTITION BY writer ORDER BY number) AS island
          FROM (SELECT writer, number, COUNT(*) AS copies FROM ledger FORCE INDEX (writer) GROUP BY writer, number) AS once) AS runs
 GROUP BY writer, island ORDER BY writer, MIN(number)
"""
TORN = """
SELECT t.writer, t.last, t.total, COALESCE(MAX(l.number), 0), COUNT(l.number) FROM ledger_total t LEFT JOIN ledger l ON l.writer = t.writer
 GROUP BY t.writer, t.last, t.total HAVING t.last <> COALESCE(MAX(l.number), 0) OR t.total <> COUNT(l.number)
"""
TWICE = "SELECT writer, number, COUNT(*) FROM ledger GROUP BY writer, number HAVING COUNT(*) > 1 ORDER BY writer, number LIMIT 10"


@dataclass
class Holding:
    """What one server holds of the ledger."""

    host: str
    held: dict[int, Spans] = field(default_factory=dict)  # writer -> numbers
    twice: list[str] = field(default_factory=list)  # numbers that are there more than once
    torn: list[str] = field(default_factory=list)  # writers whose total disagrees with their rows: half a transaction

    @property
    def rows(self) -> int:
        return sum(len(spans) for spans in self.held.values())


def session(pair: Pair, host: str, answer: float = 120.0) -> Session:
    """Straight to a host, past the endpoint."""
    return connect(pair.hosts[host], pair.account, patience=5.0, answer=answer, autocommit=True)


def holding(pair: Pair, host: str) -> Holding:
    """Everything, in one snapshot."""
    found = Holding(host)
    there = session(pair, host)
    try:
        there.run("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        for writer, first, last, copies in there.run(ISLANDS):
            found.held.setdefault(int(writer), Spans()).add_span(int(first), int(last))
            if copies:
                found.twice.append(f"writer {writer}, {copies} copies within {first}-{last}")
        if found.twice:
            found.twice = [f"writer {writer} number {number}: {copies} times" for writer, number, copies in there.run(TWICE)]
        found.torn = [f"writer {row[0]}: total says last {row[1]} of {row[2]}, rows say last {row[3]} of {row[4]}" for row in there.run(TORN)]
    finally:
        there.close()
    return found


def value(pair: Pair, host: str, sql: str) -> str:
    """One value of one host; an error as text, so that a person reads it."""
    try:
        there = session(pair, host, 10.0)
        try:
            return str(there.run(sql)[0][-1])
        finally:
            there.close()
    except (pymysql.MySQLError, OSError, IndexError) as error:
        return f"no answer ({error})"


def identity(pair: Pair) -> dict[str, str]:
    """server_uuid -> host. Asked anew each time: a host that was set up again has another one."""
    return {value(pair, host, "SELECT @@server_uuid"): host for host in pair.hosts}


def writable(pair: Pair) -> list[str]:
    """Hosts that say they may be written to."""
    return [host for host in pair.hosts if value(pair, host, "SELECT @@read_only + @@super_read_only + @@offline_mode") == "0"]


def primary(pair: Pair) -> str:
    """The one writable host."""
    found = writable(pair)
    if len(found) != 1:
        names, seen = ", ".join(pair.hosts), ", ".join(found) or "none"
        raise LedgerError(f"expected exactly one writable host of {names}, found {seen}. Next: playbooks/mysql_status.yml.")
    return found[0]


def guarded(pair: Pair, host: str) -> str:
    """Empty when commits of a primary wait for a standby that is attached; otherwise what is seen."""
    seen = {name: value(pair, host, f"SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_{name}'") for name in ("status", "clients")}
    if seen["status"] == "ON" and seen["clients"] not in ("0", ""):
        return ""
    return f"{host}: semi-sync status {seen['status']}, {seen['clients']} standbys attached"


def errant(pair: Pair, primary: str) -> str:
    """What the standby holds and the primary does not; the standby is asked first, so what is under way is no finding."""
    held = value(pair, pair.other(primary), "SELECT @@global.gtid_executed").replace("\n", "")
    return value(pair, primary, f"SELECT GTID_SUBTRACT('{held}', @@global.gtid_executed)").replace("\n", "")


def wait_guarded(pair: Pair, host: str, seconds: float = 60) -> None:
    """Until the promise holds again."""
    wait_for("commits that wait for the standby", seconds, lambda: guarded(pair, host))


def catch_up(pair: Pair, source: str, standby: str, seconds: int = 120) -> float:
    """Until the standby holds what the source held when this began. Returns the seconds."""
    executed = value(pair, source, "SELECT @@global.gtid_executed").replace("\n", "")

    def seen() -> str:
        missing = value(pair, standby, f"SELECT GTID_SUBTRACT('{executed}', @@global.gtid_executed)").replace("\n", "")
        return f"{standby} still lacks {missing}" if missing else ""

    return wait_for(f"{standby} catching up with {source}", seconds, seen)
