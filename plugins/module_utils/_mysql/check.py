# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: is this MySQL what W&B needs, as seen by the account that W&B uses."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Any, Optional

from ansible_collections.onprem.wandb.plugins.module_utils._probe import Evidence, Finding, Remark

# RA-18: validated by W&B. 8.4 and later always write rows; a server that has dropped the variable can do nothing else.
SETTINGS = {
    "binlog_format": "ROW",
    "binlog_row_image": "MINIMAL",
    "innodb_flush_log_at_trx_commit": "1",
    "innodb_online_alter_log_max_size": "268435456",
    "max_prepared_stmt_count": "1048576",
    "sort_buffer_size": "67108864",
    "sync_binlog": "1",
}
MAY_BE_GONE = ("binlog_format",)
CHARACTER_SET = "utf8mb4"
COLLATION = "utf8mb4_general_ci"
SYNC_EVENT = "wait/io/file/innodb/innodb_log_file"
PICOSECONDS_PER_MILLISECOND = 1e9


def parse(text: str) -> tuple[int, ...]:
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(part) for part in match.groups()) if match else ()


def judge_version(text: str) -> Evidence:
    """RA-10 and its drift: 8.0.32 or newer, 8.4, 9.7."""
    found = parse(text)
    if "mariadb" in text.lower() or not ((8, 0, 32) <= found < (8, 1) or found[:2] in ((8, 4), (9, 7))):
        raise Finding("W&B supports MySQL 8.0.32 or newer of 8.0, 8.4.x, and 9.7.x.", version=text)
    return {"version": text}


def judge_settings(seen: Mapping[str, str]) -> Evidence:
    """All seven settings, exactly."""
    wrong = {}
    for name, wanted in SETTINGS.items():
        value = seen.get(name)
        if value is None and name in MAY_BE_GONE:
            continue
        if value is None or value.upper() != wanted:
            wrong[name] = "%s, expected %s" % (value, wanted)
    if wrong:
        raise Finding("Set them in my.cnf and restart the server; the role mysql does.", **wrong)
    return dict(seen)


def judge_schema(row: Optional[Mapping[str, str]], database: str) -> Evidence:
    """RA-17: the database with the character set that W&B's migrations expect."""
    if row is None:
        raise Finding("Create the database, and grant the account everything on it.", database=database, seen="not there, or not visible to the account")
    evidence: Evidence = {"database": database, "character_set": row["character_set"], "collation": row["collation"]}
    if (row["character_set"], row["collation"]) != (CHARACTER_SET, COLLATION):
        raise Finding("ALTER DATABASE %s CHARACTER SET %s COLLATE %s" % (database, CHARACTER_SET, COLLATION), **evidence)
    return evidence


def judge_grants(grants: list[str], database: str) -> Evidence:
    """RA-17: everything on its own database, with the right to grant; nothing on others."""
    targets = [match.group(2) for match in (re.match(r"GRANT (.+) ON (\S+) TO", grant) for grant in grants) if match]
    own = [grant for grant in grants if target_is(grant, database)]
    evidence: Evidence = {"grants": [grant.split(" TO ")[0] for grant in grants]}
    if not any(grant.startswith("GRANT ALL PRIVILEGES ON") and "WITH GRANT OPTION" in grant for grant in own):
        raise Finding("GRANT ALL ON %s.* TO the account WITH GRANT OPTION" % database, **evidence)
    others = [grant.split(" TO ")[0] for grant in grants if not target_is(grant, database) and not grant.startswith("GRANT USAGE ON *.*")]
    if others:
        raise Remark("The account may do more than W&B needs: REVOKE what is not on %s." % database, more=others, targets=targets)
    return evidence


def target_is(grant: str, database: str) -> bool:
    """Whether a line of SHOW GRANTS is about the database; its underscores may be escaped."""
    match = re.search(r" ON (\S+) TO ", grant)
    return bool(match) and match.group(1).replace("`", "").replace("\\", "") == database + ".*"  # type: ignore[union-attr]


def judge_sync(count: int, picoseconds: int, limit: float) -> Evidence:
    """RA-14: how long the disk takes to make the redo log durable, from the server's own measurement."""
    if not count:
        raise Remark("The server has not synced its redo log yet.", syncs=0)
    average = picoseconds / count / PICOSECONDS_PER_MILLISECOND
    evidence: Evidence = {"syncs": count, "milliseconds": round(average, 2), "limit": limit}
    if average > limit:
        raise Finding("Put the data directory on an SSD or an accelerated NAS: every commit waits for this.", **evidence)
    return evidence


def tls(ca_file: Optional[str], host: str) -> Any:
    """TLS as W&B's driver does it: preferred, and verified where a CA is known."""
    context = ssl.create_default_context(cafile=ca_file or None)
    if not ca_file:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
