# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: several of the measuring modules in one call. Each runs as it would alone, and one that fails is an answer like any other."""

from __future__ import annotations

import functools
import importlib
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils import _side_by_side
from ansible_collections.onprem.wandb.plugins.module_utils._work.alone import Result, result_of

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    # Ansible sends along what it sees imported. What is imported is only what is asked for: a host has not the libraries of all of them.
    from ansible_collections.onprem.wandb.plugins.module_utils._work import (  # noqa: F401
        cluster_info,
        cluster_pods_info,
        ingress_check,
        minio_backup_info,
        minio_info,
        mysql_check,
        mysql_replica_info,
        pod_network_check,
        preflight_facts,
        redis_check,
        s3_bucket_check,
        wandb_client_check,
        wandb_instance_info,
    )

PREFIX = "onprem.wandb."


def ask(module: AnsibleModule, name: str, arguments: Result) -> Result:
    """The result of one module."""
    return result_of(importlib.import_module(f"{__package__}.{name[len(PREFIX) :]}"), module, arguments)


def run(module: AnsibleModule, checks: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, Result]:
    """The results by name."""
    jobs = [functools.partial(ask, module, check["module"], check.get("args") or {}) for check in checks.values()]
    return dict(zip(checks, _side_by_side.run_all(jobs)))
