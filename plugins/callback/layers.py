# Copyright: onprem.wandb contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the time of a run went, per layer."""

from __future__ import annotations

DOCUMENTATION = r"""
name: layers
type: aggregate
short_description: Where the time of a run went, per layer
version_added: 1.0.0
author:
  - onprem team (@onprem)
description:
  - Prints a table of the layers of a run with the seconds and the number of tasks of each.
  - A layer is a role; tasks outside of roles count for the playbook they stand in.
  - The seconds of a layer are those between the start of its tasks and the start of the next one, so waiting and fork overhead are included.
requirements:
  - Enable it with C(callbacks_enabled = onprem.wandb.layers), or with E(ANSIBLE_CALLBACKS_ENABLED) for one run.
options:
  json_file:
    description: File to write the same numbers to, with every task. Empty writes none.
    type: str
    default: ""
    env:
      - name: ONPREM_WANDB_LAYERS_JSON
    ini:
      - section: callback_layers
        key: json_file
"""

import json
import time
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase
from ansible_collections.onprem.wandb.plugins.plugin_utils._layers import Clock, layer_of, table


class CallbackModule(CallbackBase):
    """Starts a clock at each task and shows it at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "onprem.wandb.layers"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self.clock = Clock(time.monotonic())
        self.playbook = ""

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        self.playbook = Path(str(playbook._file_name)).stem

    def _start(self, task: t.Any) -> None:
        role = task._role.get_name() if task._role else ""
        self.clock.start(layer_of(role, str(task.get_path() or ""), self.playbook), task.get_name(), time.monotonic())

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self._start(task)

    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        self._start(task)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self.clock.stop(time.monotonic())
        totals = {key: sum(getattr(stats, key).values()) for key in ("changed", "failures", "dark")}
        if not self.clock.tasks:
            return
        self._display.display(table(self.clock))
        target = self.get_option("json_file")
        if target:
            Path(target).write_text(json.dumps({"playbook": self.playbook, **self.clock.report(), **totals}, indent=1) + "\n", encoding="utf-8")
