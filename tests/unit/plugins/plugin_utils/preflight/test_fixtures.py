# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The healthy host of these tests has the keys, and the types, of what preflight_facts measures on this very machine."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.onprem.wandb.plugins.modules import preflight_facts
from ansible_collections.onprem.wandb.tests.unit.plugins.plugin_utils.preflight.conftest import measurements
from ansible_collections.onprem.wandb.tests.unit.recorded import recording

BY_THE_ACTION = {"clock"}  # the controller compares two clocks


def test_the_healthy_host_is_measured_like_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    with patch_module_args({"paths": ["/var/lib/mysql"]}), pytest.raises(SystemExit):
        preflight_facts.main()
    seen, made = json.loads(capsys.readouterr().out)["measured"], measurements("db1", 1)
    assert set(made) - BY_THE_ACTION == set(seen)
    kinds = {key: {type(value) for value in (seen[key], made[key])} for key in seen}
    assert [key for key, both in kinds.items() if len(both) > 1] == []
    for key in ("os", "cgroup", "disks", "interpreter", "mysql_before"):
        assert recording.shape(made[key]).keys() == recording.shape(seen[key]).keys(), key
