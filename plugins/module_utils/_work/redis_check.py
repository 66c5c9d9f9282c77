# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does this Redis do what W&B needs."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._probe import ARGUMENTS, Prober, findings, report
from ansible_collections.onprem.wandb.plugins.module_utils._redis import protocol
from ansible_collections.onprem.wandb.plugins.module_utils._redis.probes import Check, ask

SPEC: dict[str, t.Any] = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 6379},
    "username": {"type": "str", "default": ""},
    "password": {"type": "str", "default": "", "no_log": True},
    "tls": {"type": "bool", "default": False},
    "ca_file": {"type": "path"},
    "server_name": {"type": "str", "default": ""},
    "version": {"type": "str", "default": "7"},
    "settings": {"type": "dict", "default": {"maxmemory-policy": "noeviction"}},
    "days_left": {"type": "int", "default": 14},
    "timeout": {"type": "int", "default": 30},
    **ARGUMENTS,
}


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    params = module.params
    prober = Prober(deadline=2 * params["timeout"], errors=(OSError, protocol.RedisError, ValueError))
    ask(Check(params, module.check_mode), prober)
    names = findings(prober.results, params["accept_findings"])
    reachable = prober.verdict("connect") == "pass"
    result = {"changed": False, "probes": prober.results, "findings": names, "reachable": reachable}
    if names and not params["report_only"] and (reachable or not module.check_mode):
        module.fail_json(msg=report(f"Redis at {params['host']}:{params['port']}", prober.results, names), **result)
    module.exit_json(**result)
