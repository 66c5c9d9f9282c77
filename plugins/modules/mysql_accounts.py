#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases, accounts and grants of a MySQL server in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_accounts
short_description: Databases, accounts and grants of a MySQL server in one call
version_added: 1.0.0
description:
  - Brings databases and accounts into the declared state as C(root) over the unix socket.
  - Passwords are compared with the stored C(caching_sha2_password) without logging in, so a second run issues no statement.
  - The grants of a declared account become exactly the declared ones. Accounts and databases that are not declared are left alone.
author:
  - onprem team (@onprem)
requirements:
  - PyMySQL on the host
  - MySQL 8.0.32 or newer
attributes:
  check_mode:
    support: full
    description: Lists the statements, passwords masked; changes nothing. A server that does not run yet counts as an empty one.
  diff_mode:
    support: full
    description: Shows the statements, passwords masked.
  idempotent:
    support: full
    description: A second run issues no changing statement.
options:
  login_unix_socket:
    description: Socket of the server.
    type: path
    default: /run/mysqld/mysqld.sock
  databases:
    description: Databases that must be there.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name.
        type: str
        required: true
      character_set:
        description: Default character set.
        type: str
        default: utf8mb4
      collation:
        description: Default collation.
        type: str
        default: utf8mb4_general_ci
  users:
    description: Accounts that must be there, with exactly these grants.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name.
        type: str
        required: true
      host:
        description: From where it may connect.
        type: str
        default: "%"
      password:
        description: Password. It is stored as C(caching_sha2_password). Exactly one of this and O(users[].socket_user) is given.
        type: str
      socket_user:
        description: System user who logs in over the socket without a password (C(auth_socket)). Only with O(users[].host=localhost).
        type: str
      require_ssl:
        description: Refuse connections without TLS.
        type: bool
        default: false
      grants:
        description: What it may do.
        type: list
        elements: dict
        default: []
        suboptions:
          privileges:
            description: Privileges, for example V(ALL) or V(REPLICATION SLAVE).
            type: list
            elements: str
            required: true
          target:
            description: C(*.*), C(database.*) or C(database.table).
            type: str
            default: "*.*"
          grant_option:
            description: Whether the account may hand them on.
            type: bool
            default: false
  deadline:
    description: Seconds for each statement. On a strict primary without a standby a statement waits for one.
    type: int
    default: 30
seealso:
  - module: onprem.wandb.mysql_replica
"""

EXAMPLES = r"""
- name: Declare the database and the account of the application
  onprem.wandb.mysql_accounts:
    databases:
      - name: wandb_local
    users:
      - name: wandb_local
        password: "{{ mysql_app_password }}"
        grants:
          - privileges: [ALL]
            target: wandb_local.*
            grant_option: true
"""

RETURN = r"""
statements:
  description: The statements that changed the server, or would in check mode, passwords masked.
  returned: always
  type: list
  elements: str
  sample: ["CREATE DATABASE `wandb_local` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"]
server_warnings:
  description: What SHOW WARNINGS said after them.
  returned: always
  type: list
  elements: str
  sample: []
"""

import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._say import CORRECT
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import accounts
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, Server, Statement, local, pymysql, text_of

GRANT_OPTIONS = {
    "privileges": {"type": "list", "elements": "str", "required": True},
    "target": {"type": "str", "default": "*.*"},
    "grant_option": {"type": "bool", "default": False},
}
SPEC: dict[str, t.Any] = {
    "login_unix_socket": {"type": "path", "default": "/run/mysqld/mysqld.sock"},
    "databases": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "character_set": {"type": "str", "default": "utf8mb4"},
            "collation": {"type": "str", "default": "utf8mb4_general_ci"},
        },
    },
    "users": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "host": {"type": "str", "default": "%"},
            "password": {"type": "str", "no_log": True},
            "socket_user": {"type": "str"},
            "require_ssl": {"type": "bool", "default": False},
            "grants": {"type": "list", "elements": "dict", "default": [], "options": GRANT_OPTIONS},
        },
    },
    "deadline": {"type": "int", "default": 30},
}


def seen_user(server: Server, user: dict[str, t.Any]) -> t.Optional[dict[str, t.Any]]:
    """The account as it is; None when it is not there."""
    rows = server.rows(
        "SELECT plugin, HEX(authentication_string) AS secret, ssl_type FROM mysql.user WHERE user = %s AND host = %s", (user["name"], user["host"])
    )
    if not rows:
        return None
    return {"plugin": rows[0]["plugin"], "stored": bytes.fromhex(rows[0]["secret"] or ""), "ssl_type": rows[0]["ssl_type"]}


def seen_grants(server: Server, user: dict[str, t.Any]) -> dict[str, accounts.Rights]:
    """The grants as they are."""
    return accounts.parse_grants(next(iter(row.values())) for row in server.rows("SHOW GRANTS FOR %s@%s", (user["name"], user["host"])))


def plan(server: t.Optional[Server], params: dict[str, t.Any]) -> list[Statement]:
    """Everything that differs. Without a server: everything."""
    statements: list[Statement] = []
    databases = {}
    if server:
        rows = server.rows("SELECT SCHEMA_NAME AS name, DEFAULT_CHARACTER_SET_NAME AS c, DEFAULT_COLLATION_NAME AS o FROM information_schema.SCHEMATA")
        databases = {row["name"]: {"character_set": row["c"], "collation": row["o"]} for row in rows}
    for database in params["databases"]:
        statements += accounts.database_statements(database, databases.get(database["name"]))
    for user in params["users"]:
        seen = seen_user(server, user) if server else None
        statements += accounts.user_statements(user, seen)
        grants = seen_grants(server, user) if server and seen else {}
        statements += accounts.grant_statements(user["name"], user["host"], grants, accounts.wanted_grants(user["grants"]))
    return statements


def finish(module: AnsibleModule, statements: list[str], warnings: list[str]) -> t.NoReturn:
    """The result."""
    result: dict[str, t.Any] = {"changed": bool(statements), "statements": statements, "server_warnings": warnings}
    if statements:
        result["diff"] = {"before": "", "after": "\n".join(statements) + "\n"}
    module.exit_json(**result)


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    params = module.params
    wrong = accounts.mistakes(params["databases"], params["users"])
    if wrong:
        module.fail_json(msg=f"These declarations are not accepted: {'; '.join(wrong)}. {CORRECT}")
    if pymysql is None and not module.check_mode:
        module.fail_json(msg=missing_required_lib("PyMySQL"))
    server = None
    try:
        if pymysql is not None:
            server = local(params["login_unix_socket"], module.check_mode, params["deadline"], 0 if module.check_mode else params["deadline"])
    except (pymysql.MySQLError, OSError) as error:
        if not module.check_mode:
            module.fail_json(msg=f"No MySQL server answers on {params['login_unix_socket']}: {text_of(error)}. Next: systemctl status mysqld.")
    if server is None:
        finish(module, [one.shown() for one in plan(None, params)], [])
    try:
        for statement in plan(server, params):
            server.change(dataclasses.replace(statement, deadline=params["deadline"]))
    except Problem as problem:
        module.fail_json(msg=str(problem), statements=server.statements)
    except (pymysql.MySQLError, OSError) as error:
        module.fail_json(msg=f"The MySQL server on {params['login_unix_socket']} failed: {text_of(error)}.", statements=server.statements)
    finish(module, server.statements, server.server_warnings)


if __name__ == "__main__":
    main()
