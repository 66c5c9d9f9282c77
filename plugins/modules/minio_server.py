#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of a distributed object store, restarted only while the others can do without it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_server
short_description: A server of a distributed object store, restarted only while the others can do without it
version_added: 1.0.0
description:
  - O(state=allowed) refuses a release that may not follow the installed one - an older one, or one whose order is unknown.
  - O(state=restarted) restarts a running server that is older than what it reads at its start. Before, every server of the set must say that the set can
    lose a server and keep its quorum for reads and writes, and after it again.
  - O(state=whole) waits until the set is well, after all its servers were restarted.
  - Servers of one set refuse each other at a start when their programs or their C(MINIO_*) settings differ, so such a change cannot go from host to host.
    The module leaves it alone then, RV(together) says why, and M(onprem.wandb.unit) restarts all hosts at the same time.
  - Use C(throttle=1). Each host asks for itself, so that a host that does not come back keeps the next from going.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.s3_endpoint
attributes:
  check_mode:
    support: full
    description: Tells which server would be restarted.
  diff_mode:
    support: none
    description: There is no text to compare.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  members:
    description: Addresses of all servers of the set. Each is asked, because each has a view of its own of the drives.
    type: list
    elements: str
    default: []
  state:
    description: What is asked.
    type: str
    choices: [allowed, restarted, whole]
    default: restarted
  unit:
    description: The server's systemd unit.
    type: str
    default: minio.service
  binary:
    description: The server's program, a link of M(onprem.wandb.artifact).
    type: path
    default: /usr/local/bin/minio
  product:
    description: Name of the artifact that is to be installed.
    type: str
    default: minio
  version:
    description: Its version, for O(state=allowed).
    type: str
    default: ""
  allow_downgrade:
    description: Accept any version.
    type: bool
    default: false
  environment_file:
    description: File with the C(MINIO_*) settings.
    type: path
    default: /etc/default/minio
  restart_when_newer:
    description: Further files the server reads at its start.
    type: list
    elements: path
    default: []
  timeout:
    description: Seconds to wait for the set before and after the restart.
    type: int
    default: 120
  settle:
    description:
      - Seconds for which every server must see a whole set before the next is restarted. Servers look for drives they lost every 15 seconds, and their
        health page is content earlier than their writes are.
    type: int
    default: 20
"""

EXAMPLES = r"""
- name: Restart one server after the other
  onprem.wandb.minio_server:
    endpoint: https://s3.example.com:9000
    members: [192.0.2.31, 192.0.2.32, 192.0.2.33, 192.0.2.34]
    restart_when_newer: [/etc/minio/certs/CAs/ca.crt]
  throttle: 1
"""

RETURN = r"""
reason:
  description: Why the server was restarted, or would be.
  returned: success
  type: str
  sample: /etc/minio/certs/CAs/ca.crt changed after the start
together:
  description: Why all servers have to be restarted at the same time. Names of settings, no values.
  returned: success
  type: list
  elements: str
  sample: [other values of MINIO_SITE_REGION]
seconds:
  description: From the restart until the set was whole again.
  returned: success
  type: float
  sample: 1.4
"""

import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._say import with_next
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import release
from ansible_collections.onprem.wandb.plugins.module_utils._host import unit as host_unit
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import ADDRESS, Endpoint, request

HEALTH = "/minio/health/cluster?maintenance=true"


def view(endpoint: Endpoint, address: str) -> str:
    """Why the set cannot lose a server, as the server at this address sees it; empty when it can."""
    try:
        endpoint.connect_to = address
        answer = request(endpoint, "GET", HEALTH)
    except OSError as error:
        return f"{address}: {type(error).__name__}: {error}"
    return "" if answer.status == 200 else f"{address}: status {answer.status}, write quorum {answer.headers.get('x-minio-write-quorum', 'unknown')}"


def wait(endpoint: Endpoint, members: t.Sequence[str], seconds: float, settle: float) -> list[str]:
    """Until every server has seen for so long that the set can lose a server. What is missing at the end of the time.

    Every server is asked: one that was restarted knows all others before they have found it again.
    """
    end, since = time.monotonic() + seconds + settle, time.monotonic()
    while True:
        missing = [text for text in (view(endpoint, address) for address in members) if text]
        now = time.monotonic()
        if missing:
            since = now
        if not missing and now - since >= settle:
            return []
        if now > end:
            # Whole at this moment only: the health page is content earlier than the writes are.
            return missing or [f"whole for {now - since:.0f} s only, expected {settle:.0f} s"]
        time.sleep(0.2)


class Host:
    """The server of this host."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.endpoint = Endpoint(self.params["endpoint"], self.params["connect_to"], self.params["ca_file"], 10)
        self.members = self.params["members"] or [self.params["connect_to"] or self.endpoint.host]

    def systemctl(self, *arguments: str) -> str:
        code, output, errors = self.module.run_command(["systemctl", *arguments])
        if code:
            said = (errors or output).strip()
            self.module.fail_json(msg=f"systemctl {' '.join(arguments)} failed ({code}): {said}. Next: systemctl status {self.params['unit']}")
        return output

    def state(self) -> host_unit.State:
        return host_unit.parse(self.systemctl("show", self.params["unit"], *(f"--property={name}" for name in host_unit.PROPERTIES)))

    def differences(self, state: host_unit.State) -> list[str]:
        """What forbids going from host to host."""
        try:
            running = os.readlink(f"/proc/{state.pid}/exe")
            with open(f"/proc/{state.pid}/environ", encoding="utf-8", errors="replace") as handle:
                have = release.settings(handle.read().replace("\0", "\n"))
            with open(self.params["environment_file"], encoding="utf-8", errors="replace") as handle:
                want = release.settings(handle.read())
        except OSError as error:
            return [str(error)]
        return release.together(running, self.params["binary"], have, want)

    def whole(self) -> None:
        """Wait until every server sees a set that could lose a server."""
        missing = [] if self.module.check_mode else wait(self.endpoint, self.members, self.params["timeout"], self.params["settle"])
        if missing:
            self.module.fail_json(
                msg=f"The set is not whole {self.params['timeout']} s after the restart of {self.params['unit']}: {'; '.join(missing)}; expected 200 at "
                f"{HEALTH} from every server. No further one was restarted. Next, on those hosts: journalctl -u {self.params['unit']}"
            )

    def restart(self) -> float:
        """Ask, restart, wait. Seconds without service."""
        missing = wait(self.endpoint, self.members, self.params["timeout"], 0)
        if missing:
            self.module.fail_json(
                msg=f"{self.params['unit']} was not restarted: the set would lose its quorum without it. Seen for {self.params['timeout']} s at {HEALTH}: "
                f"{'; '.join(missing)}; expected 200 from every server. Bring the missing servers and drives back first. "
                "Next, on those hosts: systemctl status minio"
            )
        if self.module.check_mode:
            return 0.0
        start = time.monotonic()
        if self.state().needs_reload:
            self.systemctl("daemon-reload")
        self.systemctl("--no-block", "restart", self.params["unit"])
        end = time.monotonic() + self.params["timeout"]
        while True:
            state = self.state()
            if state.active and not state.busy:
                break
            if time.monotonic() > end:
                unit = self.params["unit"]
                self.module.fail_json(msg=f"{unit} is {state.text}, expected active within {self.params['timeout']} s. Next: journalctl -u {unit}")
            time.sleep(0.1)
        self.whole()
        return round(time.monotonic() - start, 2)


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            **ADDRESS,
            "members": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "choices": ["allowed", "restarted", "whole"], "default": "restarted"},
            "unit": {"type": "str", "default": "minio.service"},
            "binary": {"type": "path", "default": "/usr/local/bin/minio"},
            "product": {"type": "str", "default": "minio"},
            "version": {"type": "str", "default": ""},
            "allow_downgrade": {"type": "bool", "default": False},
            "environment_file": {"type": "path", "default": "/etc/default/minio"},
            "restart_when_newer": {"type": "list", "elements": "path", "default": []},
            "timeout": {"type": "int", "default": 120},
            "settle": {"type": "int", "default": 20},
        },
        supports_check_mode=True,
    )
    params = module.params
    if params["state"] == "allowed":
        problem = release.refusal(release.installed(params["binary"]), params["product"], params["version"])
        if problem and not params["allow_downgrade"]:
            module.fail_json(msg=problem)
        module.exit_json(changed=False, reason="", together=[], seconds=0.0)
    try:
        host = Host(module)
    except ValueError as error:  # the endpoint
        module.fail_json(msg=with_next(error))
    if params["state"] == "whole":
        host.whole()
        module.exit_json(changed=False, reason="", together=[], seconds=0.0)
    state = host.state()
    if not state.active or not state.pid:
        module.exit_json(changed=False, reason="", together=[], seconds=0.0)
    differences = host.differences(state)
    reason = "" if differences else host_unit.restart_reason(state, params["restart_when_newer"], params["binary"])
    seconds = host.restart() if reason else 0.0
    module.exit_json(changed=bool(reason), reason=reason, together=differences, seconds=seconds)


if __name__ == "__main__":
    main()
