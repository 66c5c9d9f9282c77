# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of people that would hold a change of roles or a restart up, or lose their work by it. PRIVATE to the collection.

offline_mode ends the sessions of the application within milliseconds. It spares those with CONNECTION_ADMIN or SUPER: a lock that an administrator
holds keeps super_read_only waiting while nobody can write, and an open transaction is rolled back without a word.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from .server import Server

FENCE = "fence"  # the server is taken from the application, or restarted
OPEN = "open"  # a standby is opened: what holds its applier up
NOT_PEOPLE = ("event_scheduler", "system user", "mysql.session", "mysql.sys", "mysql.infoschema")
SHOWN = 120  # characters of a statement
ROLLBACK_ROWS = 100000  # an ended transaction of more rows is rolled back for seconds, and super_read_only waits for that
DDL_SECONDS = 2  # a change of a table that has run longer is worth waiting for

# With DIGEST_TEXT the literals of a statement are question marks: no value of anybody is shown or logged.
SESSIONS = (
    "SELECT t.PROCESSLIST_ID AS id, t.THREAD_ID AS thread, t.PROCESSLIST_USER AS user, COALESCE(t.PROCESSLIST_HOST, '') AS host,"
    " t.PROCESSLIST_COMMAND AS command, COALESCE(t.PROCESSLIST_TIME, 0) AS seconds,"
    " (SELECT MAX(s.DIGEST_TEXT) FROM performance_schema.events_statements_current s WHERE s.THREAD_ID = t.THREAD_ID AND s.NESTING_EVENT_LEVEL = 0)"
    " AS statement FROM performance_schema.threads t WHERE t.TYPE = 'FOREGROUND' AND t.PROCESSLIST_ID IS NOT NULL"
    " AND t.PROCESSLIST_COMMAND NOT LIKE 'Binlog Dump%' AND t.PROCESSLIST_COMMAND NOT IN ('Daemon', 'Clone') AND t.PROCESSLIST_ID <> CONNECTION_ID()"
)
LOCKS = (
    "SELECT OWNER_THREAD_ID AS thread, OBJECT_TYPE AS what, COALESCE(OBJECT_SCHEMA, '') AS db, COALESCE(OBJECT_NAME, '') AS name, LOCK_TYPE AS type"
    " FROM performance_schema.metadata_locks WHERE LOCK_STATUS = 'GRANTED' AND OBJECT_TYPE IN ('GLOBAL', 'COMMIT', 'TABLE')"
)
TRANSACTIONS = (
    "SELECT trx_mysql_thread_id AS id, TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS seconds, trx_rows_modified AS changed, trx_rows_locked AS locked"
    " FROM information_schema.INNODB_TRX"
)
SPARED = "SELECT User AS user FROM mysql.user WHERE Super_priv = 'Y' UNION SELECT USER FROM mysql.global_grants WHERE PRIV = 'CONNECTION_ADMIN'"
ROLES = "SELECT FROM_USER AS role, TO_USER AS user FROM mysql.role_edges"

Row = t.Mapping[str, t.Any]
GLOBAL_READ_LOCK = "FLUSH TABLES WITH READ LOCK"
# How metadata_locks names what a session holds on a table, and what a person wrote to get it.
TABLE_LOCKS = {"SHARED_NO_READ_WRITE": "LOCK TABLES … WRITE", "SHARED_READ_ONLY": "LOCK TABLES … READ", "SHARED_NO_WRITE": "a lock against writes"}
DDL_LOCKS = ("EXCLUSIVE", "SHARED_UPGRADABLE", "SHARED_NO_WRITE")


@dataclass(frozen=True)
class Session:
    """One session, why it stands in the way, and since when in seconds."""

    id: int
    user: str
    host: str
    seconds: int
    statement: str
    holds: tuple[str, ...]

    def __str__(self) -> str:
        words = f"session {self.id} of {self.user}@{self.host or 'localhost'} holds {' and '.join(self.holds)} for {self.seconds} s"
        return f"{words} (last statement: {self.statement})" if self.statement else words

    def shown(self) -> dict[str, t.Any]:
        """For a module's result."""
        return {"id": self.id, "user": self.user, "host": self.host, "seconds": self.seconds, "statement": self.statement, "holds": list(self.holds)}


def shortened(text: t.Optional[str]) -> str:
    """One line of at most SHOWN characters."""
    words = " ".join((text or "").split())
    return words if len(words) <= SHOWN else f"{words[: SHOWN - 1]}…"


def with_roles(users: t.Iterable[str], edges: t.Iterable[Row]) -> set[str]:
    """The accounts that have a right themselves or through roles, by user name: better one session named too many than an outage."""
    found, known = set(users), list(edges)
    while True:
        more = {str(one["user"]) for one in known if one["role"] in found} - found
        if not more:
            return found
        found |= more


def held(locks: t.Sequence[Row], transaction: t.Optional[Row], purpose: str) -> list[str]:
    """What a session that nobody ends holds."""
    found = []
    if any(one["what"] in ("GLOBAL", "COMMIT") and one["type"] == "SHARED" for one in locks):
        found.append(GLOBAL_READ_LOCK)
    for one in locks:
        if one["what"] == "TABLE" and one["type"] in TABLE_LOCKS and one["db"] != "performance_schema":
            found.append(f"{TABLE_LOCKS[one['type']]} of {one['db']}.{one['name']}")
    if purpose == OPEN:
        return found
    if transaction and (transaction["changed"] or transaction["locked"]):
        found.append(f"an open transaction ({transaction['changed']} rows changed, {transaction['locked']} locked)")
    elif not found and any(one["what"] in ("GLOBAL", "COMMIT") and one["type"] == "INTENTION_EXCLUSIVE" for one in locks):
        found.append("a statement that writes")
    return found


def slow_to_end(session: Row, locks: t.Sequence[Row], transaction: t.Optional[Row]) -> list[str]:
    """What makes the end of a session of the application take long, or costs it much."""
    if transaction and transaction["changed"] > ROLLBACK_ROWS:
        return [f"an open transaction of {transaction['changed']} rows, whose rollback takes about as long as it took"]
    if session["command"] == "Query" and session["seconds"] >= DDL_SECONDS:
        tables = sorted({f"{one['db']}.{one['name']}" for one in locks if one["what"] == "TABLE" and one["type"] in DDL_LOCKS})
        return [f"a change of the table {', '.join(tables)}"] if tables else []
    return []


def judge(
    rows: t.Sequence[Row], locks: t.Sequence[Row], transactions: t.Sequence[Row], spared: t.Container[str], own: t.Container[str], purpose: str
) -> list[Session]:
    """Those that stand in the way. A transaction that only reads (a dump) and a long SELECT do not: they end as they would have."""
    found = []
    for one in rows:
        if one["user"] is None or one["user"] in NOT_PEOPLE or one["user"] in own:
            continue
        mine = [lock for lock in locks if lock["thread"] == one["thread"]]
        open_one = next((row for row in transactions if row["id"] == one["id"]), None)
        stays = purpose == OPEN or one["user"] in spared
        holds = held(mine, open_one, purpose) if stays else slow_to_end(one, mine, open_one)
        if holds:
            seconds = max(int(one["seconds"]), int(open_one["seconds"] or 0) if open_one else 0)
            found.append(Session(int(one["id"]), str(one["user"]), str(one["host"]), seconds, shortened(one["statement"]), tuple(holds)))
    return found


def blocking(server: Server, purpose: str = FENCE, own: t.Sequence[str] = (), but: t.Sequence[int] = ()) -> list[Session]:
    """Asked now. own: accounts of the collection. but: sessions that are not counted."""
    rows = [one for one in server.rows(SESSIONS) if one["id"] not in but]
    spared = with_roles((str(one["user"]) for one in server.rows(SPARED)), server.rows(ROLES))
    return judge(rows, server.rows(LOCKS), server.rows(TRANSACTIONS), spared, own, purpose)


def kill_line(found: t.Sequence[Session]) -> str:
    """What ends them, for a shell on their host."""
    return f"mysql -e '{'; '.join(f'KILL {one.id}' for one in found)}'"


def refusal(name: str, found: t.Sequence[Session], waited: int) -> str:
    """Why nothing is done while they are there. name: the host."""
    return (
        f"{name}: {'; '.join(str(one) for one in found)}. The application would stand still until that ends, or the work would be lost. "
        f"Waited {waited} s; nothing was changed. Next: on {name}: {kill_line(found)}; or let it finish. Then run this again; with "
        "-e mysql_blocking_sessions=end it ends such sessions itself and rolls their work back."
    )


def late(name: str, statement: str, deadline: int, error: str, found: t.Sequence[Session], waiting: int, attached: int) -> str:
    """Why a statement did not return in time. waiting: sessions whose commit waits for a standby; attached: standbys that acknowledge."""
    said = f"{name}: {statement} did not return within {deadline} s ({error})."
    if found:
        return f"{said} Seen: {'; '.join(str(one) for one in found)}. Next: on {name}: {kill_line(found)}; then run this again."
    if waiting and not attached:
        return (
            f"{said} Seen: {waiting} sessions wait for an acknowledgement, and no standby is attached. Next: "
            "ansible-playbook onprem.wandb.mysql_status -i <inventory> shows it; bring the standby back, then run this again."
        )
    seen = f"{waiting} sessions wait for an acknowledgement of {attached} attached standby(s)" if waiting else "no session that holds a lock"
    return f"{said} Seen: {seen}. Next: on {name}: mysql -e 'SHOW FULL PROCESSLIST' shows what it waited for; then run this again."
