#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redis keeps its data when its persistence changes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_persistence
short_description: A Redis keeps its data when its persistence changes
version_added: 1.0.0
description:
  - Runs on the Redis host before its configuration is written. A server that starts with an append-only file reads nothing else, so one that has only a
    snapshot would start empty. The running server writes the file first (CONFIG SET appendonly yes), and the module waits until it is whole.
  - A server whose data lie in another directory than the one that is about to be configured is refused, and so is a snapshot that no running server can
    write into the file.
author:
  - onprem team (@onprem)
attributes:
  check_mode:
    support: full
    description: Tells what would be done, refuses what would be refused, and changes nothing.
  diff_mode:
    support: none
    description: There is no text to compare.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  hosts:
    description: Addresses the server may listen at, tried in this order.
    type: list
    elements: str
    default: [127.0.0.1]
  port:
    description: Port.
    type: int
    default: 6379
  logins:
    description:
      - Users that may CONFIG SET, tried in this order, without TLS and with it. Without a user it is the default one, without a password nobody logs in.
      - The last is always nobody.
    type: list
    elements: dict
    default: []
    suboptions:
      username:
        description: User.
        type: str
        default: ""
      password:
        description: Its password.
        type: str
        required: true
  appendonly:
    description: Whether the append-only file is about to be configured.
    type: bool
    required: true
  directory:
    description: Directory of the data that is about to be configured.
    type: path
    required: true
  configuration:
    description: The present configuration file, if there is one.
    type: path
    default: /etc/redis/redis.conf
  service:
    description: The server's unit, for messages.
    type: str
    default: redis-server
  timeout:
    description: Seconds to wait until the file is whole, or a server that is loading its data answers.
    type: int
    default: 1800
"""

EXAMPLES = r"""
- name: Keep the data when the persistence changes
  onprem.wandb.redis_persistence:
    logins:
      - {username: onprem-admin, password: "{{ redis_admin_password }}"}
    appendonly: true
    directory: /var/lib/redis
"""

RETURN = r"""
action:
  description: What was done, or would be in check mode; empty when nothing was.
  returned: success
  type: str
  sample: write the append-only file
seconds:
  description: How long it took.
  returned: success
  type: float
  sample: 0.4
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._redis import persistence, protocol, tls

OPTIONS = {
    "hosts": {"type": "list", "elements": "str", "default": ["127.0.0.1"]},
    "port": {"type": "int", "default": 6379},
    "logins": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,
        "options": {"username": {"type": "str", "default": ""}, "password": {"type": "str", "required": True, "no_log": True}},
    },
    "appendonly": {"type": "bool", "required": True},
    "directory": {"type": "path", "required": True},
    "configuration": {"type": "path", "default": "/etc/redis/redis.conf"},
    "service": {"type": "str", "default": "redis-server"},
    "timeout": {"type": "int", "default": 1800},
}


def connect(host: str, port: int, secure: bool, login: t.Mapping[str, str]) -> protocol.Client:
    """A connection that may ask for settings. Raises OSError (TLS included) and RedisError."""
    client = protocol.Client(host, port, 30, tls.unverified() if secure else None)
    try:
        if login.get("password"):
            client.call("AUTH", *filter(None, (login["username"], login["password"])))
        client.call("CONFIG", "GET", "appendonly")
    except (OSError, protocol.RedisError):
        client.close()
        raise
    return client


def attempt(host: str, port: int, logins: t.Sequence[t.Mapping[str, str]]) -> tuple[t.Optional[protocol.Client], list[str]]:
    """The server at one address; None, and how each login ended."""
    try:
        # A plain server leaves a handshake unanswered, so it gets three seconds and not thirty.
        secure = bool(tls.served(host, port, 3))
    except ConnectionRefusedError as error:
        return None, [f"{host}:{port}: {error.strerror}"]
    except OSError:
        secure = False
    said = []
    for login in logins:
        try:
            return connect(host, port, secure, login), []
        except (OSError, protocol.RedisError) as error:
            said.append(f"{host}:{port} says to {login.get('username') or ('the default user' if login else 'nobody')}: {error}")
    return None, said


def find(params: t.Mapping[str, t.Any], end: float) -> tuple[t.Optional[protocol.Client], str]:
    """The running server; None, and how each attempt ended."""
    while True:
        said: list[str] = []
        for host in params["hosts"]:
            client, words = attempt(host, params["port"], [*params["logins"], {}])
            if client is not None:
                return client, ""
            said += words
        if not any("LOADING" in one for one in said) or time.monotonic() > end:
            return None, "; ".join(said)
        time.sleep(0.5)


def write(client: protocol.Client, action: str, end: float) -> str:
    """Until the append-only file is whole; a sentence when it does not get so."""
    if action == persistence.WRITE:
        client.call("CONFIG", "SET", "appendonly", "yes")
    while True:
        running = persistence.look(client)
        if not running.writing:
            return "" if running.appendonly and not running.problem else running.problem or "appendonly is off again"
        if time.monotonic() > end:
            return "it is still being written"
        time.sleep(0.1)


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    params = module.params
    begin = time.monotonic()
    end = begin + params["timeout"]
    client, why = find(params, end)
    try:
        found = persistence.disk(params["configuration"], params["directory"])
        running = persistence.look(client) if client else None
        action, refusal = persistence.decide(params["appendonly"], params["directory"], params["service"], found, running, why)
        if refusal:
            module.fail_json(msg=refusal)
        problem = write(client, action, end) if client and action and not module.check_mode else ""
    except (OSError, protocol.RedisError) as error:
        problem, action = str(error), ""
    if problem:
        module.fail_json(
            msg=f"Redis at port {params['port']} has not written its append-only file within {params['timeout']} s: {problem}. It serves as before;"
            f" a restart now would lose its data. Next: redis-cli INFO persistence; df -h {params['directory']}; journalctl -u {params['service']} -n 20"
        )
    module.exit_json(changed=action == persistence.WRITE, action=action, seconds=round(time.monotonic() - begin, 1))


if __name__ == "__main__":
    main()
