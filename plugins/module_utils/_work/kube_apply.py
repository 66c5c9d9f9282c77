# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply objects to a cluster and wait until what they are for works."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import Api, ApiStatusError, ClusterError
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.objects import Objects, apply_all
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.waiting import SPEC as WAIT
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.waiting import wait

# Seconds for one answer. Nobody asks again for what is applied, and an API server is slow after many pods were replaced; in check mode there may be none.
PATIENCE, MISSING = 30.0, 5.0
KIND: dict[str, t.Any] = {"api_version": {"type": "str", "required": True}, "kind": {"type": "str", "required": True}}
SPEC: dict[str, t.Any] = {
    **WAIT,
    "objects": {"type": "list", "elements": "dict", "required": True},
    "field_manager": {"type": "str", "default": "onprem.wandb"},
    "force_conflicts": {"type": "bool", "default": True},
    "list_kinds": {"type": "list", "elements": "dict", "default": [], "options": KIND},
}


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    p = module.params
    changed: list[str] = []
    diffs: list[dict[str, str]] = []
    refused = ""
    try:
        api = Api(p["kubeconfig"], p["context"], MISSING if module.check_mode else PATIENCE)
        objects = Objects(api, p["field_manager"], p["force_conflicts"], module.check_mode)
        apply_all(objects, p["objects"], (changed, diffs))
    except (ClusterError, ApiStatusError) as error:
        refused = str(error)
    # In check mode it may be that the cluster is not made yet: that is a result.
    looked = wait(module) if not refused or module.check_mode else {"reachable": True}
    if refused and looked["reachable"]:
        module.fail_json(msg=refused, changed=bool(changed), changed_objects=changed)
    listed = [] if refused else [item for entry in p["list_kinds"] for item in objects.all(entry["api_version"], entry["kind"])]
    module.exit_json(**{**looked, "changed": bool(changed), "changed_objects": changed, "listed": listed}, **({"diff": diffs} if module._diff else {}))
