#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd unit that is enabled, runs, and runs what is on the disk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: unit
short_description: A systemd unit that is enabled, runs, and runs what is on the disk
version_added: 1.0.0
description:
  - Enables and starts a systemd unit, and restarts it when its process is older than its configuration or runs another binary than the installed one.
  - A handler is notified in the run that changed the file, and forgotten when that run is interrupted. This module compares the process with the files,
    so any later run finishes the job.
  - Systemd reads its files again when they are not those that it knows, and when those of units are not that this one starts or takes with it - the service of
    a timer (C(Triggers)), parts of it (C(ConsistsOf)), what a failure starts (C(OnFailure)).
  - Waits until the unit is active. When it does not get there, the message has the state and the last lines of its journal.
author:
  - onprem team (@onprem)
attributes:
  check_mode:
    support: full
    description: Tells what would happen. A unit that does not exist yet would be started.
  diff_mode:
    support: none
    description: A unit has no text to compare.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  name:
    description: Name of the unit.
    type: str
    required: true
  enabled:
    description: Whether the unit starts at boot.
    type: bool
    default: true
  state:
    description:
      - V(started) runs, V(stopped) does not.
      - With V(as_is) a unit that does not run is left alone, and one that runs is restarted for the reasons that V(started) has.
        Whether it starts at boot (O(enabled)) is not looked at.
    type: str
    choices: [started, stopped, as_is]
    default: started
  restart_when_newer:
    description: Files the process reads at its start. It is restarted when one of them was written after that. The unit's own files need not be named.
    type: list
    elements: path
    default: []
  reload_when_newer:
    description: Files the process reads again when it is reloaded. It is, when one of them was written after the last start or reload.
    type: list
    elements: path
    default: []
  executable:
    description: The installed binary (links are followed). The unit is restarted when its main process runs another file.
    type: path
  restart:
    description:
      - Restart a running unit in any case. Give it what the tasks before have changed, so that check mode foretells the restart;
        outside check mode the comparison with O(restart_when_newer) and O(executable) finds that out by itself.
    type: bool
    default: false
  may_restart:
    description:
      - Whether a running unit may be restarted. With V(false) it is not, nothing counts as changed because of that, and RV(reason) says why it should be.
    type: bool
    default: true
  reload:
    description: As O(restart), for a reload.
    type: bool
    default: false
  timeout:
    description: Seconds to wait until the unit is active.
    type: int
    default: 90
  cri:
    description:
      - Socket of a container runtime that the unit runs. It is asked for its Status by the kubelet's interface (CRI), outside check mode, until it says
        that it is ready; the unit alone is active without that interface, too.
    type: path
"""

EXAMPLES = r"""
- name: Run Redis with this configuration
  onprem.wandb.unit:
    name: redis-server.service
    restart_when_newer: [/etc/redis/redis.conf]
    executable: /usr/bin/redis-server
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [daemon-reload, restart]
reason:
  description: Why the unit was restarted or reloaded, or should be restarted when O(may_restart=false).
  returned: always
  type: str
  sample: /etc/redis/redis.conf changed after the start
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply.unit import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    module.exit_json(**run(module))


if __name__ == "__main__":
    main()
