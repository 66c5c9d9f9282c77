# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell whether a W&B instance serves, or precisely why not."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import ARGUMENTS
from ansible_collections.onprem.wandb.plugins.module_utils._wandb.observation import CHECKS, Settings, observe

SPEC: dict[str, t.Any] = {
    **ARGUMENTS,
    "name": {"type": "str", "default": "wandb"},
    "namespace": {"type": "str", "default": "wandb"},
    "operator_namespace": {"type": "str", "default": "wandb-cr"},
    "operator_release": {"type": "str", "default": "operator"},
    "checks": {"type": "list", "elements": "str", "choices": list(CHECKS), "default": list(CHECKS)},
    "host": {"type": "str"},
    "ingress_addresses": {"type": "list", "elements": "str", "default": []},
    "ingress_port": {"type": "int", "default": 443},
    "ca_file": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 600},
    "wait_sleep": {"type": "float", "default": 2.0},
    "request_timeout": {"type": "float", "default": 5.0},
    "log_lines": {"type": "int", "default": 5},
}


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    result = observe(Settings(**module.params))
    if module.params["wait"] and not result["ready"]:
        # The report has it all; the facts beside it would bury it.
        module.fail_json(**{key: result[key] for key in ("msg", "ready", "reachable", "checks", "elapsed", "attempts")})
    module.exit_json(changed=False, **result)
