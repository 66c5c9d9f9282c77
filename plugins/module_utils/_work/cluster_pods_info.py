# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's own workloads, its DNS, and one pod on each node."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes import cluster_pods
from ansible_collections.onprem.wandb.plugins.module_utils._kubernetes.api import ARGUMENTS, Api, ApiStatusError, ClusterError

SPEC: dict[str, t.Any] = {
    **ARGUMENTS,
    "namespaces": {"type": "list", "elements": "str", "default": ["kube-system"]},
    "wandb_namespace": {"type": "str", "default": "wandb"},
    "wandb_name": {"type": "str", "default": "wandb"},
    "timeout": {"type": "float", "default": 10.0},
}


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    params = module.params
    resource = "/apis/apps.wandb.com/v1/namespaces/%s/weightsandbiases/%s" % (params["wandb_namespace"], params["wandb_name"])
    try:
        found = cluster_pods.look(Api(params["kubeconfig"], params["context"], params["timeout"]), params["namespaces"], resource)
    except (ClusterError, ApiStatusError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)
