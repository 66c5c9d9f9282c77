# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's own settings of mysqld (mysql_settings): which variable each one becomes, and which ones are refused. PRIVATE to the collection.

Preflight, the role and the comparison with a running server all ask here.
"""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass

MY_CNF = "/etc/onprem-wandb/mysql/my.cnf"

# The settings W&B validates (RA-18).
VALIDATED: dict[str, t.Any] = {
    "binlog_format": "ROW",
    "binlog_row_image": "MINIMAL",
    "innodb_flush_log_at_trx_commit": 1,
    "innodb_online_alter_log_max_size": 268435456,
    "max_prepared_stmt_count": 1048576,
    "sort_buffer_size": 67108864,
    "sync_binlog": 1,
}
# What the role sets itself because replication, the guard and the modules rely on it. A test compares it with the role's own lists.
REPLICATION = (
    "server_id",
    "report_host",
    "report_port",
    "gtid_mode",
    "enforce_gtid_consistency",
    "log_replica_updates",
    "skip_replica_start",
    "relay_log_recovery",
    "replica_preserve_commit_order",
    "replica_parallel_workers",
    "replica_net_timeout",
    "sync_relay_log",
    "binlog_expire_logs_seconds",
    "innodb_undo_log_truncate",
    "sql_require_primary_key",
    "rpl_semi_sync_source_timeout",
    "rpl_semi_sync_source_wait_no_replica",
    "rpl_semi_sync_source_wait_point",
    "rpl_semi_sync_source_wait_for_replica_count",
    "super_read_only",
    "read_only",
    "plugin_load_add",
    "plugin_load",
    "datadir",
    "basedir",
    "socket",
    "port",
    "user",
    "log_bin",
    "relay_log",
)
# Older names of the same settings, which the server still takes or did until lately.
OLD_NAMES = {
    "log_slave_updates": "log_replica_updates",
    "skip_slave_start": "skip_replica_start",
    "slave_preserve_commit_order": "replica_preserve_commit_order",
    "slave_parallel_workers": "replica_parallel_workers",
    "slave_net_timeout": "replica_net_timeout",
    "skip_log_bin": "log_bin",
    "disable_log_bin": "log_bin",
}
# What the data directory is made with, and the server's own value. A server does not start on data that were made with another one.
FIXED = {
    "lower_case_table_names": "0",
    "innodb_page_size": "16384",
    "innodb_data_file_path": "ibdata1:12M:autoextend",
    "innodb_data_home_dir": "",
    "innodb_log_group_home_dir": "./",
    "innodb_undo_directory": "./",
}
# Options of mysqld that no variable shows: compared with `mysqld --verbose --help` and SHOW GLOBAL VARIABLES of 9.7 (tests/mysql/test_sessions.py).
OPTION_ONLY = frozenset(
    """
    allow_suspicious_udfs ansi archive binlog_do_db binlog_ignore_db blackhole character_set_client_handshake check_table_functions chroot console
    daemonize debug_sync_timeout early_plugin_load exit_info external_locking federated gdb help initialize initialize_insecure innodb_status_file
    log_isam log_short_format log_tc log_tc_size master_info_file master_retry_count max_binlog_dump_events myisam_block_size ngram
    no_monitor old_style_user_limits plugin_load plugin_load_add port_open_timeout replicate_do_db replicate_do_table replicate_ignore_db
    replicate_ignore_table replicate_rewrite_db replicate_same_server_id replicate_wild_do_table replicate_wild_ignore_table safe_user_create
    show_replica_auth_info show_slave_auth_info skip_grant_tables skip_host_cache skip_innodb skip_new skip_stack_trace sporadic_binlog_dump_fail
    super_large_pages symbolic_links sysdate_is_now tc_heuristic_recover temp_pool upgrade validate_config validate_user_plugins verbose
    """.split()
)
OPTION_ONLY_PREFIXES = (
    "performance_schema_consumer_",
    "performance_schema_instrument",
    "performance_schema_logger",
    "performance_schema_meter",
    "keyring_migration_",
    "mysqlx",
    "ndb",
)
# Options whose value another variable shows.
SHOWN_AS = {"default_time_zone": "time_zone", "memlock": "locked_in_memory", "language": "lc_messages_dir"}
OFFSET = re.compile(r"(?i)SYSTEM|[+-](0?\d|1[0-4]):[0-5]\d")


@dataclass(frozen=True)
class Problem:
    """One setting that will not do."""

    name: str
    value: str
    expected: str
    remedy: str
    sentence: str


def fold(name: t.Any) -> str:
    """A name as the server reports it: hyphens and underscores are the same to mysqld, and loose_ only says that an unknown name is no error."""
    text = str(name).strip().lower().replace("-", "_")
    return text[len("loose_") :] if text.startswith("loose_") else text


def variable(name: t.Any) -> str:
    """The variable that shows a setting; empty when none does."""
    folded = fold(name)
    if folded in OPTION_ONLY or folded.startswith(OPTION_ONLY_PREFIXES):
        return ""
    return SHOWN_AS.get(folded, folded)


def problems(settings: t.Any, of_data: t.Optional[t.Mapping[str, str]] = None) -> list[Problem]:
    """What is refused, and why.

    settings: mysql_settings. of_data: what the data directory of the host was made with (settings_of_data); None or empty: there are no data yet.
    """
    if not isinstance(settings, t.Mapping):
        return []
    found = []
    declared = {fold(name): (str(name), value) for name, value in settings.items()}
    for folded, (name, value) in declared.items():
        known = OLD_NAMES.get(folded, folded)
        if known in VALIDATED or known in REPLICATION:
            why = f"W&B validates {known} = {VALIDATED[known]}" if known in VALIDATED else "the role sets it, and replication or the role guard relies on it"
            said = f"mysql_settings must not set {folded}: {why}. Next: set mysql_settings without {folded}."
            found.append(Problem(name, str(value), "not set there", f"take it out of mysql_settings: {why}", said))
        if folded in ("default_time_zone", "time_zone") and not OFFSET.fullmatch(str(value).strip()):
            why = "a named zone needs the time zone tables, which are empty in a new server, and then mysqld does not start"
            said = (
                f"mysql_settings sets {folded} to {value}; expected SYSTEM or an offset such as +00:00: {why}. "
                f"Next: set mysql_settings: {{{folded}: <offset>}}."
            )
            found.append(Problem(name, str(value), "SYSTEM or an offset such as +00:00", f"write the offset: {why}", said))
    if of_data:
        found += list(changed_for_ever(declared, of_data))
    return found


def changed_for_ever(declared: t.Mapping[str, tuple[str, t.Any]], of_data: t.Mapping[str, str]) -> t.Iterator[Problem]:
    """Settings whose value is not the one that the data were made with; one that was taken out is such a change, too."""
    for name, own in FIXED.items():
        there = of_data.get(name, own)
        wanted = str(declared[name][1]) if name in declared else own
        if wanted.strip().rstrip("/").upper() == there.strip().rstrip("/").upper() or (number(there) is not None and number(wanted) == number(there)):
            continue
        what = f"write {name}: {there or '(empty)'}" if there != own else f"take {name} out"
        why = "the data that are there were made with it, and mysqld does not start on them with another value"
        said = f"mysql_settings makes {name} {wanted or '(empty)'}; expected {there or '(empty)'}: {why}. "
        said += f"Next: set mysql_settings: {{{name}: {there or '(empty)'}}}." if there != own else f"Next: set mysql_settings without {name}."
        yield Problem(declared[name][0] if name in declared else name, wanted, there, f"{what} in mysql_settings: {why}", said)


UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50, "E": 1 << 60}


def number(value: t.Any) -> t.Optional[float]:
    """A number, with mysqld's units; None when it is none."""
    match = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)([KMGTPE]?)", str(value).strip().upper())
    return float(match.group(1)) * UNITS.get(match.group(2), 1) if match else None


def settings_of_data(path: str = MY_CNF) -> dict[str, str]:
    """What the data directory of this host was made with; empty when there are no data of the collection's server.

    my.cnf is what the server has started with so far: a run that would change it is refused before it writes.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = [line.partition("=") for line in stream if "=" in line and not line.lstrip().startswith("#")]
    except OSError:
        return {}
    found = {fold(name): value.strip() for name, _equals, value in lines}
    if not os.path.exists(os.path.join(found.get("datadir", ""), "mysql.ibd")):
        return {}
    return {name: found.get(name, own) for name, own in FIXED.items()}
