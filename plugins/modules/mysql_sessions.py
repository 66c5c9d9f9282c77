#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody's lock or open transaction stands in the way of a change of roles."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_sessions
short_description: Nobody's lock or open transaction stands in the way of a change of roles
version_added: 1.0.0
description:
  - Looks for sessions that would hold a change of roles or a restart of a MySQL server up, or would lose their work by it, and names each one with its
    number, user, host, age and last statement. Values of the statement are left out.
  - Sessions of the application are ended by the change itself within milliseconds and do not count, except one that changes a table or that has an open
    transaction whose rollback would take long. A transaction that only reads and a long C(SELECT) do not count either.
  - Runs on the database host as C(root) over the unix socket.
author:
  - onprem team (@onprem)
requirements:
  - PyMySQL on the host
attributes:
  check_mode:
    support: full
    description: Waits and refuses as otherwise; says what it would end and ends nothing.
  diff_mode:
    support: none
    description: Nothing is stored.
  idempotent:
    support: full
    description: Where nobody stands in the way nothing is done.
options:
  purpose:
    description:
      - V(fence) is for a server that is taken from the application, or restarted. Locks on tables, C(FLUSH TABLES WITH READ LOCK), open transactions that
        changed or locked rows and running statements that write count, of administrators (C(CONNECTION_ADMIN), C(SUPER)).
      - V(open) is for a standby that is to be opened. Locks of anybody that hold its applier up count.
    type: str
    choices: [fence, open]
    default: fence
  blocking_sessions:
    description: V(refuse) waits O(wait) seconds and then fails, with nothing changed. V(end) ends the sessions; their work is rolled back.
    type: str
    choices: [refuse, end]
    default: refuse
  wait:
    description: Seconds to wait until they are gone.
    type: int
    default: 10
  own_users:
    description: Accounts of the collection, whose sessions do not count.
    type: list
    elements: str
    default: []
  login_unix_socket:
    description: Socket of the server.
    type: path
    default: /run/mysqld/mysqld.sock
  journal_file:
    description: File to which each session that was ended is appended. Empty keeps none.
    type: str
    default: /var/lib/onprem-wandb/mysql-journal.jsonl
  operation:
    description: Name of the procedure this run is a step of, for the journal.
    type: str
seealso:
  - module: onprem.wandb.mysql_replica
"""

EXAMPLES = r"""
- name: See that nobody stands in the way
  onprem.wandb.mysql_sessions:
    purpose: fence
    own_users: [replication, cloner]

- name: End whoever does
  onprem.wandb.mysql_sessions:
    blocking_sessions: end
"""

RETURN = r"""
notes:
  description: What was waited for, or ended, in words.
  returned: always
  type: list
  elements: str
  sample: ["waited for: session 42 of root@localhost holds LOCK TABLES … WRITE of wandb.runs for 31 s (last statement: SELECT SLEEP ( ? ))"]
statements:
  description: The statements that ended sessions, or would in check mode.
  returned: always
  type: list
  elements: str
  sample: ["KILL 42"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import clearing
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.journal import Journal
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, local, pymysql, text_of

SPEC: dict[str, t.Any] = {
    "purpose": {"type": "str", "choices": ["fence", "open"], "default": "fence"},
    "blocking_sessions": {"type": "str", "choices": ["refuse", "end"], "default": "refuse"},
    "wait": {"type": "int", "default": 10},
    "own_users": {"type": "list", "elements": "str", "default": []},
    "login_unix_socket": {"type": "path", "default": "/run/mysqld/mysqld.sock"},
    "journal_file": {"type": "str", "default": "/var/lib/onprem-wandb/mysql-journal.jsonl"},
    "operation": {"type": "str"},
}


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    params = module.params
    if pymysql is None:
        module.fail_json(msg=missing_required_lib("PyMySQL"))
    journal = Journal("" if module.check_mode else params["journal_file"], params["operation"] or "", "sessions")
    try:
        server = local(params["login_unix_socket"], module.check_mode)
        server.observer = journal.add
        notes = clearing.clear(server, params["purpose"], params["own_users"], params["blocking_sessions"], params["wait"])
    except Problem as problem:
        journal.add("failure", str(problem))
        module.fail_json(msg=str(problem))
    except (pymysql.MySQLError, OSError) as error:
        module.fail_json(msg=f"No MySQL server answers on {params['login_unix_socket']}: {text_of(error)}. Next: systemctl status mysqld.")
    for said in notes:
        journal.add("note", said)
    module.exit_json(changed=bool(server.statements), notes=notes, statements=server.statements)


if __name__ == "__main__":
    main()
