"""Roles changed by hand, statement by statement, without the collection's playbooks: for the controls, which do what a playbook must refuse."""

from __future__ import annotations

import json

from . import faults, look
from .pair import Pair, wait_for


RECORD = "/var/lib/onprem-wandb/mysql-role.json"


def semi_sync_off(pair: Pair, host: str) -> None:
    """Asynchronous replication: what this project does not do."""
    pair.sql(host, "SET GLOBAL rpl_semi_sync_source_enabled = OFF")


def semi_sync_timeout(pair: Pair, host: str, milliseconds: int) -> None:
    """A primary that gives up waiting: what this project does not do."""
    pair.sql(host, f"SET GLOBAL rpl_semi_sync_source_timeout = {milliseconds}")


def receiver(pair: Pair, host: str, on: bool) -> None:
    """The standby's receiver."""
    pair.sql(host, "START REPLICA IO_THREAD" if on else "STOP REPLICA IO_THREAD")


def promote(pair: Pair, host: str) -> None:
    """The order of the reference, 8.5; without a standby, so without waiting for one. Nobody is asked whether that is wise."""
    pair.sql(host, "STOP REPLICA IO_THREAD")

    def backlog() -> str:
        rows = pair.sql(host, "SELECT GTID_SUBTRACT(RECEIVED_TRANSACTION_SET, @@global.gtid_executed) FROM performance_schema.replication_connection_status")
        missing = rows[0][0].strip() if rows and rows[0] else ""
        return f"{host} has not applied {missing}" if missing else ""

    wait_for(f"{host} applying what it received", 120, backlog)
    pair.sql(host, "STOP REPLICA; RESET REPLICA ALL; SET GLOBAL rpl_semi_sync_replica_enabled = OFF; SET GLOBAL rpl_semi_sync_source_enabled = OFF")
    open_up(pair, host)


def open_up(pair: Pair, host: str) -> None:
    """Writable, whoever else is."""
    pair.sql(host, "SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF; SET GLOBAL offline_mode = OFF")


def choose(pair: Pair) -> str:
    """One primary where there is none or where there are two: the one that was made primary last. Only between tests."""
    since = {host: json.loads(pair.on(host, f"cat {RECORD} 2>/dev/null || echo '{{}}'")) for host in pair.hosts}
    primary = max(pair.hosts, key=lambda host: (since[host].get("role") in ("primary", "promoting"), since[host].get("since", "")))
    old = pair.other(primary)
    pair.sql(old, "SET GLOBAL super_read_only = ON; STOP REPLICA; RESET REPLICA ALL")
    pair.on(old, f"rm -f {RECORD}")
    pair.sql(primary, "STOP REPLICA; RESET REPLICA ALL")
    open_up(pair, primary)
    return primary


def mend(pair: Pair, primary: str, fault: faults.Fault) -> None:
    """The pair is whole again, with this primary; what the other one holds and this one does not is thrown away."""
    old = pair.other(primary)
    faults.back(pair, old, fault)
    # A copy and commits that wait for the one that is copied wait for each other: first without the promise, then with it.
    pair.playbook("mysql", log="ledger-mend-1", mysql_primary=primary, mysql_reseed="allow", mysql_accept_data_loss=True, mysql_semi_sync="disabled")
    pair.playbook("mysql", log="ledger-mend-2", mysql_primary=primary)
    look.wait_guarded(pair, primary)


def changing_statements(pair: Pair, host: str) -> dict[str, int]:
    """How often each kind of statement ran that changes something: the server's own counters. What sessions set for themselves does not count."""
    rows = pair.sql(host, COUNTERS)
    return {name: int(times) for name, times in rows}


# Administrative and writing statements by event name; SET by its digest, because a session's own SET has the same event name as SET GLOBAL.
COUNTERS = """
SELECT EVENT_NAME, COUNT_STAR FROM performance_schema.events_statements_summary_global_by_event_name
 WHERE COUNT_STAR > 0 AND EVENT_NAME LIKE 'statement/sql/%' AND EVENT_NAME NOT REGEXP
 '/(select|show_.*|set_option|begin|commit|rollback|change_db|kill|error|empty_query|do|help)$'
UNION ALL
SELECT CONCAT('digest ', LEFT(DIGEST_TEXT, 200)), SUM(COUNT_STAR) FROM performance_schema.events_statements_summary_by_digest
 WHERE DIGEST_TEXT REGEXP '^SET (GLOBAL|PERSIST|@@GLOBAL|`?GLOBAL)' GROUP BY 1 ORDER BY 1
"""
