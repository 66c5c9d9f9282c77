#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one MySQL server is and how it replicates."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_replica_info
short_description: What one MySQL server is and how it replicates
version_added: 1.0.0
description:
  - Role, GTID sets, errant and missing transactions, lag, semi-sync, waiting sessions, last errors and declared against running settings, in one structure.
  - Runs on the database host as C(root) over the unix socket. Asks the source (of a standby) and the peers over TLS.
  - Changes nothing, except for the one row that O(measure) writes.
author:
  - onprem team (@onprem)
requirements:
  - PyMySQL on the host
extends_documentation_fragment:
  - onprem.wandb.mysql_peers
attributes:
  check_mode:
    support: full
    description: Reads only; O(measure) is left out.
  diff_mode:
    support: none
    description: Nothing changes.
  idempotent:
    support: full
    description: Never reports a change.
options:
  login_unix_socket:
    description: Socket of the server.
    type: path
    default: /run/mysqld/mysqld.sock
  channel:
    description: Name of the replication channel.
    type: str
    default: ""
  ssl:
    description: TLS for asking O(peers).
    type: dict
    default: {}
    suboptions:
      ca:
        description: File with the CA's certificate on this host.
        type: path
      verify:
        description: Whether the name in the certificate must be the address that was asked for.
        type: bool
        default: true
  measure:
    description: On a primary, write a row and read it on each of O(peers). That is the lag and the proof that replication works.
    type: bool
    default: false
  deadline:
    description: Seconds for the measurement.
    type: int
    default: 30
  variables:
    description: Variables and their declared values. Default is the seven settings that W&B validates.
    type: dict
  guard_status_file:
    description: Where the role guard keeps its last decision.
    type: path
    default: /run/onprem-wandb/mysql-guard.json
  guard_file:
    description: What the role guard goes by.
    type: path
    default: /etc/onprem-wandb/mysql/guard.json
  role_file:
    description: Where the role is kept for the role guard.
    type: path
    default: /var/lib/onprem-wandb/mysql-role.json
  marker_file:
    description: Where mysql_degrade notes on a standby that the primary does not wait for it.
    type: path
    default: /var/lib/onprem-wandb/mysql-degraded.json
  backup_status_file:
    description: Where role mysql_backup keeps the state of the backups.
    type: path
    default: /var/lib/onprem-wandb/mysql-backup/status.json
  backup_accept_none:
    description: The site knowingly lives without backups, so none is missing.
    type: bool
    default: false
  my_cnf:
    description: File with the settings that the server of this host starts with.
    type: path
    default: /etc/onprem-wandb/mysql/my.cnf
  journal_file:
    description: Where M(onprem.wandb.mysql_replica) keeps its journal.
    type: path
    default: /var/lib/onprem-wandb/mysql-journal.jsonl
  journal_lines:
    description: How many of its last lines to return.
    type: int
    default: 0
  operation:
    description: Only the lines of this procedure.
    type: str
seealso:
  - module: onprem.wandb.mysql_replica
"""

EXAMPLES = r"""
- name: Look at the pair and measure it
  onprem.wandb.mysql_replica_info:
    peers: [{host: 10.0.0.22}]
    peer_user: replication
    peer_password: "{{ mysql_replication_password }}"
    ssl: {ca: /etc/onprem-wandb/mysql/ca.crt}
    measure: true
"""

RETURN = r"""
running:
  description: Whether a server answers on the socket and to questions. When not, only RV(problem) and what the host's files say is there besides.
  returned: always
  type: bool
  sample: true
problem:
  description: Why no server answers.
  returned: when it does not run
  type: str
  sample: Can't connect to MySQL server (error 2003)
role:
  description: V(primary), V(replica) or V(none) (read-only and without a source).
  returned: when it runs
  type: str
  sample: primary
version:
  description: Version of the server.
  returned: when it runs
  type: str
  sample: 8.4.11
server_uuid:
  description: Identity of the data directory.
  returned: when it runs
  type: str
  sample: 1abe9d5b-e743-11f1-8336-02fc00000001
read_only:
  description: Value of the variable.
  returned: when it runs
  type: bool
  sample: false
super_read_only:
  description: Value of the variable.
  returned: when it runs
  type: bool
  sample: false
offline_mode:
  description: Value of the variable.
  returned: when it runs
  type: bool
  sample: false
gtid_executed:
  description: Everything this server executed.
  returned: when it runs
  type: str
  sample: 1abe9d5b-e743-11f1-8336-02fc00000001:1-42
gtid_purged:
  description: The part of it that is in no binary log any more.
  returned: when it runs
  type: str
  sample: ""
term:
  description: The last row of the table in which each new primary enters itself. Number 0 when there is none.
  returned: when it runs
  type: dict
  sample: {number: 3, server_uuid: 1abe9d5b-e743-11f1-8336-02fc00000001}
gtid_state:
  description: Class of a standby, one of IDENTICAL, RECOVERABLE, NEW, IRRECOVERABLE, DIVERGED. Empty on a primary, or when the source cannot be asked.
  returned: when it runs
  type: str
  sample: IDENTICAL
missing:
  description: GTID set that the source holds and this server does not.
  returned: when it runs
  type: str
  sample: ""
errant:
  description: GTID set that this server holds and the source does not.
  returned: when it runs
  type: str
  sample: ""
lag_seconds:
  description: Age of the transaction that is being applied; 0 when nothing is missing. Null on a primary.
  returned: when it runs
  type: float
  sample: 0.0
semisync:
  description: The semi-sync side of this server.
  returned: when it runs
  type: dict
  sample: {source_enabled: true, source_status: "ON", attached: 1, waiting_sessions: 0, no_tx: 0, yes_tx: 7, timeout_milliseconds: 1000000000000000000}
channel:
  description: The replication channel of a standby, with receiver, applier and their last errors. Null on a primary.
  returned: when it runs
  type: dict
  sample: {host: 10.0.0.21, receiver: "ON", applier: "ON", receiver_error: "", applier_error: "", contact_age_seconds: 1.2}
peers:
  description: What each peer answered.
  returned: when it runs
  type: list
  elements: dict
  sample: [{address: "10.0.0.22:3306", state: ok, detail: "", writable: false, ahead: "", term: 3}]
measured:
  description: Seconds of the commit, and until the row was read on each peer. Null when it was not measured.
  returned: when it runs
  type: dict
  sample: {token: 9f0c, commit_seconds: 0.004, seconds: {"10.0.0.22:3306": 0.011}}
measure_problem:
  description: Why the measurement failed.
  returned: when it runs
  type: str
  sample: ""
variables:
  description: The running values of the asked variables.
  returned: when it runs
  type: dict
  sample: {sync_binlog: "1"}
differing_variables:
  description: Those with another value than declared.
  returned: when it runs
  type: dict
  sample: {}
persisted_variables:
  description: Names in C(mysqld-auto.cnf). They beat C(my.cnf), so there should be none.
  returned: when it runs
  type: list
  elements: str
  sample: []
plugins:
  description: Active plugins of replication, cloning and login.
  returned: when it runs
  type: list
  elements: str
  sample: [auth_socket, clone, rpl_semi_sync_replica, rpl_semi_sync_source]
clients:
  description: Who is connected, as account@host.
  returned: when it runs
  type: list
  elements: str
  sample: [wandb_local@10.0.0.12]
guard:
  description: Last decision of the role guard.
  returned: when it runs
  type: dict
  sample: {decision: open, reason: "10.0.0.22:3306 replicates from this server", at: "2026-11-23T13:54:31Z"}
boots_without_peer:
  description: Whether the role guard opens this server after a boot without asking its standby, which a run with C(mysql_boot_without_peer) left behind.
  returned: always
  type: bool
  sample: false
recorded_role:
  description: The record for the role guard.
  returned: always
  type: dict
  sample: {role: primary, semi_sync: true}
degraded:
  description: The window in which this server runs knowingly without the promise of its standby, or the note of it on a standby. Null when there is none.
  returned: always
  type: dict
  sample: {since: "2026-11-23T22:10:04Z", reason: "memory of db2", gtid_executed: "1abe9d5b-…:1-42", seconds: 311}
disk:
  description: Bytes of the file system of the data directory, and of the binary logs in it.
  returned: when it runs
  type: dict
  sample: {path: /var/lib/mysql, total: 107374182400, free: 96636764160, binary_logs: 1073741824}
uptime_seconds:
  description: Seconds since the server started.
  returned: when it runs
  type: int
  sample: 86400
data_settings:
  description:
    - What the data directory of this host was made with, settings that cannot change any more. Empty when there are no data yet.
  returned: always
  type: dict
  sample: {lower_case_table_names: "0", innodb_page_size: "16384"}
blocking_sessions:
  description:
    - Sessions of administrators that would hold a change of roles up, or lose their work by it; on a server that is not writable, those that hold its applier
      up. Values of statements are left out.
  returned: when the server runs
  type: list
  elements: dict
  sample: [{id: 42, user: root, host: localhost, seconds: 31, statement: "SELECT SLEEP ( ? )", holds: ["LOCK TABLES … WRITE of wandb.t"], text: "session 42 …"}]
backup:
  description:
    - What this host knows about the backups of the pair. Only C(configured) and C(problem) where nothing can be judged.
    - A backup that is too old is a problem as well as one that failed. Times are UTC, empty for never; ages are seconds, null for never.
  returned: always
  type: dict
  contains:
    configured:
      description: Whether role mysql_backup left a state on this host.
      type: bool
      returned: always
      sample: true
    problem:
      description: The first problem, with the next command; empty when there is none.
      type: str
      returned: always
      sample: ""
    accepted_none:
      description: Whether the site lives without, O(backup_accept_none).
      type: bool
      returned: when it does
      sample: true
    last_full:
      description: Name of the newest full backup in the repository.
      type: str
      returned: when there is a state
      sample: 20261123T013000Z-db2
    last_full_at:
      description: When it was taken.
      type: str
      returned: when there is a state
      sample: "2026-11-23T01:30:00Z"
    last_full_age_seconds:
      description: Its age.
      type: int
      returned: when there is a state
      sample: 3600
    verified_at:
      description: When a full backup was last proved by a restore.
      type: str
      returned: when there is a state
      sample: "2026-11-23T03:30:00Z"
    verified_age_seconds:
      description: Seconds since then.
      type: int
      returned: when there is a state
      sample: 1800
    newest_binlog_at:
      description: Binary logs in the repository reach to this time, whoever shipped them.
      type: str
      returned: when there is a state
      sample: "2026-11-23T13:59:30Z"
    ships:
      description: Whether this host is the one that ships binary logs.
      type: bool
      returned: when there is a state
      sample: false
    ship_why:
      description: Why this host ships, or why it does not.
      type: str
      returned: when there is a state
      sample: it is the standby
    ship_fault:
      description: It does not, and the reason is nothing that should last, such as a stopped replication.
      type: bool
      returned: when there is a state
      sample: false
    ship_ran_age_seconds:
      description: Seconds since the step last ran here, whatever it did; null for never.
      type: int
      returned: when there is a state
      sample: 30
    idle:
      description: The steps that did nothing in their last run for such a reason, and the reason.
      type: dict
      returned: when there is a state
      sample: {full: "it is a standby whose replication is stopped: its data stand still"}
    shipped_at:
      description: When it last did.
      type: str
      returned: when there is a state
      sample: "2026-11-23T13:59:30Z"
    shipped_age_seconds:
      description: Seconds since then; null on the host that does not.
      type: int
      returned: when there is a state
      sample: 12
    looked_at:
      description: When this host last looked into the repository.
      type: str
      returned: when there is a state
      sample: "2026-11-23T13:59:30Z"
    fulls:
      description: How many full backups the repository holds.
      type: int
      returned: when there is a state
      sample: 14
    failures:
      description: Steps of this host whose last run failed, and why.
      type: dict
      returned: when there is a state
      sample: {}
    limits:
      description: Ages in seconds after which C(problem) complains.
      type: dict
      returned: when there is a state
      sample: {full: 93600, verify: 180000, ship: 600}
journal:
  description: Lines of the journal, the newest last.
  returned: always
  type: list
  elements: dict
  sample: [{at: "2026-11-23T22:10:04.120Z", operation: switchover, state: fenced, statement: "SET GLOBAL offline_mode = ON", seconds: 0.002}]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._work.mysql_replica_info import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
