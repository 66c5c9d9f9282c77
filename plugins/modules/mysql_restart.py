#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart of the primary that is short and says what it costs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_restart
short_description: A restart of the primary that is short and says what it costs
version_added: 1.0.0
description:
  - Does not restart anything itself; M(onprem.wandb.unit) does. This module comes before it and after it.
  - Before, it lets the server write its changed pages while the application goes on (C(innodb_max_dirty_pages_pct) is 0 for that time and set back at once),
    because a shutdown writes them while nobody is served. Then it says how long the shutdown will take.
  - After, it says what the restart cost, from systemd's own clock.
author:
  - onprem team (@onprem)
requirements:
  - PyMySQL on the host
attributes:
  check_mode:
    support: full
    description: Only looks, and says how long the shutdown would take.
  diff_mode:
    support: none
    description: Nothing is stored.
  idempotent:
    support: full
    description: Nothing of the server is different afterwards.
options:
  state:
    description: V(prepared) comes before the restart, V(measured) after it.
    type: str
    choices: [prepared, measured]
    required: true
  flush_timeout:
    description: Seconds that writing the pages may take. Then the restart goes on with what is left.
    type: int
    default: 120
  open_timeout:
    description: Seconds to wait until the role guard has opened the server, with O(state=measured). A server that stays read-only longer is no failure here.
    type: int
    default: 60
  login_unix_socket:
    description: Socket of the server.
    type: path
    default: /run/mysqld/mysqld.sock
  unit:
    description: systemd unit of the server.
    type: str
    default: mysqld.service
  guard_unit:
    description: systemd unit that opens the server after a start and then ends.
    type: str
    default: mysql-role-guard.service
seealso:
  - module: onprem.wandb.unit
"""

EXAMPLES = r"""
- name: Write what a shutdown would have to write
  onprem.wandb.mysql_restart:
    state: prepared
  register: shutdown
- name: Say how long it will take
  ansible.builtin.debug:
    msg: "{{ shutdown.sentence }}"
"""

RETURN = r"""
sentence:
  description: What will happen, or what it cost, for people.
  returned: always
  type: str
  sample: "db1: is restarted now. 396 MiB of changed pages were written in 4.1 s while it served, 9 MiB are left: its shutdown will take about 2 s."
dirty_before:
  description: Bytes of changed pages at first.
  returned: with O(state=prepared)
  type: int
  sample: 424673280
dirty_after:
  description: Bytes of changed pages that are left.
  returned: with O(state=prepared)
  type: int
  sample: 9437184
flush_seconds:
  description: How long writing them took.
  returned: with O(state=prepared)
  type: float
  sample: 4.1
estimate_seconds:
  description: How long the shutdown will take.
  returned: with O(state=prepared)
  type: float
  sample: 2.1
outage:
  description: Seconds of the last restart, the shutdown, the start, until the server was opened, and all of it. Empty when it is not open yet.
  returned: with O(state=measured)
  type: dict
  sample: {shutdown: 1.9, start: 2.2, opening: 0.4, all: 4.5}
"""

import platform
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._mysql import restart
from ansible_collections.onprem.wandb.plugins.module_utils._mysql.server import Problem, local, pymysql, text_of

SPEC: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["prepared", "measured"], "required": True},
    "flush_timeout": {"type": "int", "default": 120},
    "open_timeout": {"type": "int", "default": 60},
    "login_unix_socket": {"type": "path", "default": "/run/mysqld/mysqld.sock"},
    "unit": {"type": "str", "default": "mysqld.service"},
    "guard_unit": {"type": "str", "default": "mysql-role-guard.service"},
}
CLOCK = "ActiveExitTimestampMonotonic,InactiveEnterTimestampMonotonic,InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic"


def prepared(module: AnsibleModule) -> dict[str, t.Any]:
    """Before. A server that does not answer has nothing to write and is no failure: the restart is what mends it."""
    name = platform.node()
    try:
        server = local(module.params["login_unix_socket"], module.check_mode)
        found = restart.flush(server, module.params["flush_timeout"])
    except (pymysql.MySQLError, OSError) as error:
        return {"sentence": f"{name}: is restarted now; it does not answer ({text_of(error)}).", "estimate_seconds": restart.FIXED}
    return {
        "sentence": found.sentence(name),
        "dirty_before": found.before,
        "dirty_after": found.after,
        "flush_seconds": round(found.seconds, 1),
        "estimate_seconds": found.estimate(found.after),
    }


def measured(module: AnsibleModule) -> dict[str, t.Any]:
    """After."""
    name, end = platform.node(), time.monotonic() + module.params["open_timeout"]
    while True:
        units = [module.run_command(["systemctl", "show", f"--property={CLOCK}", module.params[unit]], check_rc=True)[1] for unit in ("unit", "guard_unit")]
        found = restart.outage(*(restart.properties(text) for text in units))
        if found:
            said = f"shutdown {found['shutdown']} s, start {found['start']} s, opening {found['opening']} s"
            return {"sentence": f"{name}: was without writes for {found['all']} s: {said}.", "outage": found}
        if time.monotonic() > end:
            said = "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory> shows what its role guard waits for."
            return {"sentence": f"{name}: is not open {module.params['open_timeout']} s after its start. {said}", "outage": {}}
        time.sleep(0.2)


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    if module.params["state"] == "measured":
        module.exit_json(changed=False, **measured(module))
    if pymysql is None:
        module.fail_json(msg=missing_required_lib("PyMySQL"))
    try:
        module.exit_json(changed=False, **prepared(module))
    except Problem as problem:
        module.fail_json(msg=str(problem))


if __name__ == "__main__":
    main()
