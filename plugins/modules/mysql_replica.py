#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role of one MySQL server in a pair: primary or hot standby."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_replica
short_description: The role of one MySQL server in a pair
version_added: 1.0.0
description:
  - Brings a MySQL server into the declared role, by GTID and with semi-synchronous replication, and verifies the result.
  - Runs on the database host as C(root) over the unix socket (C(auth_socket)), so no password of the server is needed.
  - Reads first. Only what differs is changed, a second identical run issues no statement that changes anything.
  - A server becomes the primary only when none of O(peers) is writable or ahead of it.
  - Refuses whatever could lose an acknowledged transaction or make two servers writable, and says what to do instead.
  - Never uses C(SET PERSIST). What must survive a restart is in C(my.cnf), in the stored channel, or in O(role_file) for the role guard at boot.
author:
  - onprem team (@onprem)
requirements:
  - PyMySQL on the host
  - MySQL 8.0.32 or newer
extends_documentation_fragment:
  - onprem.wandb.mysql_peers
attributes:
  check_mode:
    support: full
    description: Reads, decides and lists the statements; changes nothing. A server that does not run yet counts as one to be configured.
  diff_mode:
    support: full
    description: Shows role, channel and semi-sync before and after. Passwords are masked.
  idempotent:
    support: full
    description: A second run issues no changing statement.
options:
  state:
    description:
      - V(primary) is writable, follows nobody, and its commits wait for a standby as O(semi_sync) says.
        A standby becomes the primary only when it has applied everything.
      - V(replica) follows O(source_host) by GTID auto-position and is read-only for everybody.
      - V(fenced) is taken from the application. C(offline_mode) ends its sessions without an OK for commits that wait for a standby, then
        C(super_read_only). Accounts with C(CONNECTION_ADMIN) (replication) still get in, so a standby receives the last transactions.
        On a host whose server does not run only O(role_file) is written, and the role guard will not open it. A process that hangs is killed.
      - V(absent) follows nobody and stays read-only. What it received is applied before its channel goes.
    type: str
    choices: [primary, replica, fenced, absent]
    required: true
  login_unix_socket:
    description: Socket of the server.
    type: path
    default: /run/mysqld/mysqld.sock
  channel:
    description: Name of the replication channel.
    type: str
    default: ""
  source_host:
    description: Address of the primary. Required with O(state=replica).
    type: str
  source_port:
    description: Port of the primary.
    type: int
    default: 3306
  source_user:
    description: Account that replicates. It needs C(REPLICATION SLAVE) and C(REPLICATION CLIENT).
    type: str
  source_password:
    description: Password of O(source_user).
    type: str
  source_connect_retry:
    description: Seconds between attempts to reach the primary again.
    type: int
    default: 1
  source_retry_count:
    description: Number of such attempts. The server's own default is 10 in newer versions, after which a standby stays away.
    type: int
    default: 864000
  ssl:
    description: TLS between the servers.
    type: dict
    default: {}
    suboptions:
      enabled:
        description: Whether replication and CLONE use TLS.
        type: bool
        default: true
      ca:
        description: File with the CA's certificate on this host, readable by the server.
        type: path
      cert:
        description: File with a client certificate on this host.
        type: path
      key:
        description: File with the key of O(ssl.cert).
        type: path
      verify:
        description: Whether the name in the certificate must be the address that was asked for. Needs O(ssl.ca).
        type: bool
        default: true
  get_source_public_key:
    description: Whether the standby may ask the primary for its RSA key. Default is true without TLS and false with it.
    type: bool
  semi_sync:
    description:
      - V(required) makes commits of a primary wait for a standby, from now on. With O(state=replica) it makes the standby acknowledge.
      - V(after_first_standby) does so as soon as a standby is attached, and for ever after that. A new primary can be filled before its standby exists.
      - V(disabled) switches it off. On a primary this is a window in which a failover may lose acknowledged transactions.
    type: str
    choices: [required, after_first_standby, disabled]
    default: required
  degraded_reason:
    description:
      - With O(state=primary) and O(semi_sync=disabled), why. The window is kept in O(role_file) with its beginning and GTID set until
        O(semi_sync=required) ends it.
    type: str
  semi_sync_timeout:
    description: Milliseconds after which a primary gives up waiting. Without it the server's value (C(my.cnf)) stays.
    type: int
  reseed:
    description:
      - Whether this server may be overwritten by a CLONE of the primary.
      - V(never) refuses. V(if_empty) does so for a server without transactions and schemas.
        V(allow) does so also for one whose missing transactions the primary has purged.
    type: str
    choices: [never, if_empty, allow]
    default: if_empty
  accept_data_loss:
    description: With O(reseed=allow), also overwrite a server that holds transactions the primary does not know. They are saved in O(errant_directory) first.
    type: bool
    default: false
  source_will_not_wait:
    description:
      - With O(state=replica) in check mode, judge as if the source had been told already not to wait for a standby (O(semi_sync=disabled) there).
        So a standby that would refuse to be copied says so before the source gives up a promise for it. Outside of check mode it changes nothing.
    type: bool
    default: false
  errant_directory:
    description: Directory on this host for transactions that are thrown away, as SQL.
    type: path
    default: /var/lib/onprem-wandb/mysql-errant
  mysqlbinlog:
    description: The program that saves them.
    type: path
    default: /usr/local/bin/mysqlbinlog
  clone_user:
    description: Account of the primary for CLONE. It needs C(BACKUP_ADMIN).
    type: str
  clone_password:
    description: Password of O(clone_user).
    type: str
  clone_timeout:
    description: Seconds the copy may take.
    type: int
    default: 86400
  expect_gtid_superset_of:
    description: A GTID set that the server must hold. It is waited for (O(wait_catchup)), on a new primary before it is opened.
    type: str
  wait_catchup:
    description: Seconds to wait until everything is applied, after something was changed. V(0) does not wait.
    type: int
    default: 60
  max_lag:
    description: Fails when a standby is more seconds behind than this in the end. Without it lag is only reported.
    type: int
  connect_timeout:
    description: Seconds in which the server has to greet. With I(state=fenced) one that runs and does not is killed.
    type: float
    default: 3
  blocking_sessions:
    description:
      - What is done with sessions of administrators that hold locks or an open transaction, before the server is closed (C(super_read_only)).
        They are named with their user, host, age and last statement, values left out.
      - V(refuse) waits O(session_wait) seconds for them and then fails, with nothing changed.
      - V(end) ends them. Their work is rolled back.
    type: str
    choices: [refuse, end]
    default: refuse
  session_wait:
    description: Seconds to wait until such sessions are gone.
    type: int
    default: 10
  deadline:
    description: Seconds for each statement that may hang, for the receiver to connect, and for the measurement.
    type: int
    default: 30
  peer_user:
    description: Account for asking O(peers). Default is O(source_user).
    type: str
  accept_unreachable_peers:
    description: Become the primary although a peer cannot be asked. Only when it is certain that it did not take over.
    type: bool
    default: false
  measure:
    description: With O(state=primary), write a row and read it on each peer. The measurement is no change.
    type: bool
    default: false
  variables:
    description:
      - Variables and the values they are declared with in C(my.cnf). A difference is no failure. The server needs a restart then, and a warning says so.
    type: dict
    default: {}
  tls_certificate_file:
    description:
      - File with the server's certificate. When the server shows another one to its clients it is told to read its files again (C(ALTER INSTANCE RELOAD TLS)).
    type: path
  tls_address:
    description: Address on which the server is asked for its certificate.
    type: str
    default: 127.0.0.1
  tls_port:
    description: Port on which the server is asked for its certificate.
    type: int
    default: 3306
  role_file:
    description: File in which the role is kept for the role guard at boot. Empty keeps none.
    type: str
    default: /var/lib/onprem-wandb/mysql-role.json
  journal_file:
    description: File to which every statement that changed the server is appended, with its time and seconds, as JSON lines. Empty keeps none.
    type: str
    default: /var/lib/onprem-wandb/mysql-journal.jsonl
  operation:
    description: Name of the procedure this run is a step of, for the journal.
    type: str
  unit:
    description: systemd unit of the server. With O(state=fenced) its process is killed when it runs and does not answer.
    type: str
    default: mysqld.service
seealso:
  - module: onprem.wandb.mysql_replica_info
"""

EXAMPLES = r"""
- name: Declare the primary
  onprem.wandb.mysql_replica:
    state: primary
    semi_sync: after_first_standby
    peers: [{host: 10.0.0.22}]
    peer_user: replication
    peer_password: "{{ mysql_replication_password }}"
    ssl: {ca: /etc/onprem-wandb/mysql/ca.crt}

- name: Declare the standby, a copy of the primary when it is empty
  onprem.wandb.mysql_replica:
    state: replica
    source_host: 10.0.0.21
    source_user: replication
    source_password: "{{ mysql_replication_password }}"
    clone_user: cloner
    clone_password: "{{ mysql_clone_password }}"
    ssl: {ca: /etc/onprem-wandb/mysql/ca.crt}
"""

RETURN = r"""
role:
  description: V(primary), V(replica) or V(none) (read-only and without a source).
  returned: when the server runs
  type: str
  sample: replica
gtid_state:
  description: How this server's transactions relate to those of the source, one of IDENTICAL, RECOVERABLE, NEW, IRRECOVERABLE, DIVERGED. Empty on a primary.
  returned: when the server runs
  type: str
  sample: IDENTICAL
missing:
  description: GTID set that the source holds and this server does not.
  returned: when the server runs
  type: str
  sample: ""
errant:
  description: GTID set that this server holds and the source does not.
  returned: when the server runs
  type: str
  sample: ""
lag_seconds:
  description: Age of the transaction that is being applied; 0 when nothing is missing. Null on a primary.
  returned: when the server runs
  type: float
  sample: 0.0
semisync:
  description: The semi-sync side of this server.
  returned: when the server runs
  type: dict
  sample: {source_enabled: true, source_status: "ON", replica_enabled: false, replica_status: "OFF", attached: 1, waiting_sessions: 0, no_tx: 0, yes_tx: 7}
statements:
  description: The statements that changed the server, or would in check mode, secrets masked.
  returned: always
  type: list
  elements: str
  sample: ["START REPLICA"]
restart_needed:
  description: The variables whose running value is not the declared one.
  returned: when the server runs
  type: dict
  sample: {max_connections: {expected: "1000", seen: "151"}}
server_warnings:
  description: What SHOW WARNINGS said after them.
  returned: always
  type: list
  elements: str
  sample: []
notes:
  description: Other things that were done.
  returned: always
  type: list
  elements: str
  sample: ["role file: replica"]
degraded_window:
  description: The degraded window that this run ended, with its seconds and the transactions that only this server held.
  returned: when one was ended
  type: dict
  sample: {since: "2026-11-23T22:10:04Z", ended: "2026-11-23T22:31:40Z", seconds: 1296, reason: "memory of db2", transactions: "1abe9d5b-…:43-51"}
measured:
  description: With O(measure), the seconds of the commit, and until the row was read on each peer.
  returned: when measured
  type: dict
  sample: {token: 9f0c, commit_seconds: 0.004, seconds: {"10.0.0.22:3306": 0.011}}
version:
  description: Version of the server.
  returned: when the server runs
  type: str
  sample: 8.4.11
server_uuid:
  description: Identity of the data directory.
  returned: when the server runs
  type: str
  sample: 1abe9d5b-e743-11f1-8336-02fc00000001
gtid_executed:
  description: Everything this server executed.
  returned: when the server runs
  type: str
  sample: 1abe9d5b-e743-11f1-8336-02fc00000001:1-42
"""

import os
import platform
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._host.unit import booted
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import declare, drift, rolefile, version
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.journal import Journal
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.member import Member
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.report import describe, semisync, standing
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.run import Run, absent, fenced, measure, primary, replica
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import GREETING, Problem, Server, Statement, local, pymysql, text_of

SPEC: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["primary", "replica", "fenced", "absent"], "required": True},
    "login_unix_socket": {"type": "path", "default": "/run/mysqld/mysqld.sock"},
    "channel": {"type": "str", "default": ""},
    "source_host": {"type": "str"},
    "source_port": {"type": "int", "default": 3306},
    "source_user": {"type": "str"},
    "source_password": {"type": "str", "no_log": True},
    "source_connect_retry": {"type": "int", "default": 1},
    "source_retry_count": {"type": "int", "default": 864000},
    "ssl": {
        "type": "dict",
        "default": {},
        "options": {
            "enabled": {"type": "bool", "default": True},
            "ca": {"type": "path"},
            "cert": {"type": "path"},
            "key": {"type": "path", "no_log": False},
            "verify": {"type": "bool", "default": True},
        },
    },
    "get_source_public_key": {"type": "bool", "no_log": False},
    "semi_sync": {"type": "str", "choices": ["required", "after_first_standby", "disabled"], "default": "required"},
    "degraded_reason": {"type": "str"},
    "semi_sync_timeout": {"type": "int"},
    "reseed": {"type": "str", "choices": ["never", "if_empty", "allow"], "default": "if_empty"},
    "accept_data_loss": {"type": "bool", "default": False},
    "source_will_not_wait": {"type": "bool", "default": False},
    "errant_directory": {"type": "path", "default": "/var/lib/onprem-wandb/mysql-errant"},
    "mysqlbinlog": {"type": "path", "default": "/usr/local/bin/mysqlbinlog"},
    "clone_user": {"type": "str"},
    "clone_password": {"type": "str", "no_log": True},
    "clone_timeout": {"type": "int", "default": 86400},
    "expect_gtid_superset_of": {"type": "str"},
    "wait_catchup": {"type": "int", "default": 60},
    "max_lag": {"type": "int"},
    "connect_timeout": {"type": "float", "default": GREETING},
    "blocking_sessions": {"type": "str", "choices": ["refuse", "end"], "default": "refuse"},
    "session_wait": {"type": "int", "default": 10},
    "deadline": {"type": "int", "default": 30},
    "peers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"host": {"type": "str", "required": True}, "port": {"type": "int", "default": 3306}},
    },
    "peer_user": {"type": "str"},
    "peer_password": {"type": "str", "no_log": True},
    "accept_unreachable_peers": {"type": "bool", "default": False},
    "measure": {"type": "bool", "default": False},
    "variables": {"type": "dict", "default": {}},
    "tls_certificate_file": {"type": "path"},
    "tls_address": {"type": "str", "default": "127.0.0.1"},
    "tls_port": {"type": "int", "default": 3306},
    "role_file": {"type": "str", "default": "/var/lib/onprem-wandb/mysql-role.json"},
    "journal_file": {"type": "str", "default": "/var/lib/onprem-wandb/mysql-journal.jsonl"},
    "operation": {"type": "str"},
    "unit": {"type": "str", "default": "mysqld.service"},
}


def bring_about(module: AnsibleModule, run: Run) -> dict[str, t.Any]:
    """Reach the state; what it looks like afterwards."""
    params = module.params
    before = describe(run.me)
    reload_tls(module, run)
    result: dict[str, t.Any] = {"gtid_state": "", "missing": "", "errant": "", "lag_seconds": None}
    addresses = declare.peer_addresses(params)
    if params["state"] == "primary":
        primary(run, [declare.asked(run.server, one) for one in addresses])
        if run.window:
            result["degraded_window"] = run.window
        if run.degraded and not params["degraded_reason"]:
            module.warn(
                f"{run.server.name}: runs degraded since {run.degraded['since']} ({run.degraded['reason']}): a failover may lose acknowledged transactions. "
                "Next: ansible-playbook onprem.wandb.mysql_rejoin -i <inventory>, or mysql_undegrade where the standby follows."
            )
        if params["measure"]:
            result["measured"] = measure(run, addresses)
    elif params["state"] == "fenced":
        fenced(run)
    elif params["state"] == "absent":
        absent(run, [declare.asked(run.server, one) for one in addresses])
    else:
        _source, found = replica(run, lambda: declare.asked(run.server, declare.source_address(params)))
        result.update(standing(run.me, found))
        if params["max_lag"] is not None and (result["lag_seconds"] or 0) > params["max_lag"]:
            raise Problem(f"this server is {result['lag_seconds']:.0f} s behind its source, more than max_lag {params['max_lag']} s.")
    after = run.me if not module.check_mode else declare.foreseen(run.me, params)
    if run.changed:
        result["diff"] = {"before": before, "after": describe(after)}
    return {**result, **facts(run.me), "restart_needed": restart_needed(module, run)}


def restart_needed(module: AnsibleModule, run: Run) -> dict[str, t.Any]:
    """What the server runs with, against what is declared."""
    wanted = module.params["variables"]
    found = drift.differences(wanted, run.server.variables(*drift.asked(wanted))) if wanted else {}
    if found:
        waits = drift.sentence(found)
        module.warn(
            f"{run.server.name}: MySQL needs a restart for what my.cnf declares: {waits}. "
            "Next: ansible-playbook onprem.wandb.mysql -i <inventory> -e '{\"mysql_restart_allowed\": true}'"
        )
    return found


def reload_tls(module: AnsibleModule, run: Run) -> None:
    """A renewed certificate is used without a restart."""
    path = module.params["tls_certificate_file"]
    if not path or not os.path.exists(path):
        return
    address, port = module.params["tls_address"], module.params["tls_port"]
    try:
        wanted = drift.in_file(path)
        if drift.presented(address, port) in (None, wanted):
            return
        run.changed = True
        run.server.change(Statement("ALTER INSTANCE RELOAD TLS"))
        if not module.check_mode and drift.presented(address, port) != wanted:
            raise Problem(f"the server does not show the certificate of {path} on {address}:{port}. Next: journalctl -u mysqld says why it does not take it.")
    except OSError as error:
        raise Problem(f"the server cannot be asked for its certificate on {address}:{port}: {error}. Next: journalctl -u mysqld.") from error


def facts(me: Member) -> dict[str, t.Any]:
    """What every result says about the server."""
    return {
        "role": me.role,
        "version": me.version,
        "server_uuid": me.server_uuid,
        "gtid_executed": me.executed,
        "semisync": semisync(me),
    }


def not_there(module: AnsibleModule, why: str) -> t.NoReturn:
    """No server: a failure, in check mode a server to be configured."""
    if module.check_mode:
        note = f"the server does not run yet ({why}); it would become the {module.params['state']}"
        module.exit_json(changed=True, statements=[], server_warnings=[], notes=[note])
    module.fail_json(msg=f"No MySQL server answers on {module.params['login_unix_socket']}: {why}. Next: systemctl status mysqld.")


def out_of_service(module: AnsibleModule, why: str) -> Server:
    """No server, and none is to serve: the record alone reaches that.

    Returns only when a server answers after all: one that was starting when it was asked first, and whose guard may have read the old record.
    """
    params = module.params
    state = params["state"]
    hung = hangs(module) if state == "fenced" else False
    kept = rolefile.read(params["role_file"])
    wanted = {**kept, "role": "fenced" if state == "fenced" else "none"}
    changed = bool(kept) and wanted != kept
    journal = Journal("" if module.check_mode else params["journal_file"], params["operation"] or "", state)
    notes = [f"no server answers ({why}); the record keeps it read-only at its next start"]
    if changed and not module.check_mode:
        journal.add("note", f"role file: {wanted['role']} (no server answers: {why})")
        rolefile.write(params["role_file"], wanted)
    if not hung and not module.check_mode and pymysql is not None:
        try:
            return local(params["login_unix_socket"], timeout=params["deadline"] + params["wait_catchup"] + 10, greeting=params["connect_timeout"])
        except (pymysql.MySQLError, OSError):
            hung = hangs(module) if state == "fenced" else False
    if hung is None and not module.check_mode:
        module.fail_json(
            msg=f"{platform.node()} is not fenced: no MySQL server answers ({why}), and systemd does not say whether {params['unit']} still runs. It could "
            f"come back writable; its record keeps it read-only from its next start on. Next: systemctl kill --kill-who=main --signal=SIGKILL {params['unit']}"
        )
    if hung:
        changed = True
        notes.append(f"{params['unit']} hangs and is killed; SIGKILL answers no waiting commit with OK")
        if not module.check_mode:
            journal.add("note", notes[-1])
            module.run_command(["systemctl", "kill", "--kill-who=main", "--signal=SIGKILL", params["unit"]], check_rc=True)
    module.exit_json(changed=changed, statements=[], server_warnings=[], notes=notes)
    raise AssertionError("exit_json ends the module")


def hangs(module: AnsibleModule) -> t.Optional[bool]:
    """Whether the process is there although the socket does not answer: it could come back writable. One that is starting comes back read-only.

    None when systemd itself does not answer, as on a host without memory.
    """
    if not booted():
        return False
    code, output, _errors = module.run_command(["systemctl", "show", "--property=ActiveState,MainPID", module.params["unit"]])
    found = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    if code or "ActiveState" not in found:
        return None
    return found["ActiveState"] in ("active", "deactivating") and found.get("MainPID", "0") != "0"


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec=SPEC,
        supports_check_mode=True,
        required_if=[("state", "replica", ("source_host", "source_user", "source_password"))],
        required_together=[("clone_user", "clone_password")],
    )
    if pymysql is None:
        if module.check_mode and module.params["state"] not in ("fenced", "absent"):
            not_there(module, "PyMySQL is not installed")
        if module.check_mode:
            out_of_service(module, "PyMySQL is not installed")
        module.fail_json(msg=missing_required_lib("PyMySQL"))
    try:
        patience = 0 if module.check_mode or module.params["state"] in ("fenced", "absent") else module.params["deadline"]
        timeout = module.params["deadline"] + module.params["wait_catchup"] + 10
        server = local(module.params["login_unix_socket"], module.check_mode, timeout, patience, module.params["connect_timeout"])
    except (pymysql.MySQLError, OSError) as error:
        if module.params["state"] not in ("fenced", "absent"):
            not_there(module, text_of(error))
        server = out_of_service(module, text_of(error))
    try:
        refusal = version.refusal(server.value("SELECT VERSION()"))
        if refusal:
            raise Problem(f"{refusal}.")
        run = Run(server, declare.desired(module.params, module.check_mode), module.params, module.run_command)
        result = bring_about(module, run)
        module.exit_json(changed=run.changed, statements=server.statements, server_warnings=server.server_warnings, notes=run.notes, **result)
    except Problem as problem:
        if not module.check_mode:
            Journal(module.params["journal_file"], module.params["operation"] or "", module.params["state"]).add("failure", str(problem))
        module.fail_json(msg=str(problem), statements=server.statements, server_warnings=server.server_warnings)
    except (pymysql.MySQLError, OSError) as error:
        module.fail_json(msg=f"The MySQL server on {module.params['login_unix_socket']} failed: {text_of(error)}.", statements=server.statements)


if __name__ == "__main__":
    main()
