# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does this bucket do what W&B needs."""

from __future__ import annotations

import socket
import tempfile
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import client as object_store_client
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import names
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.endpoint import ADDRESS, Endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes import endpoint as probes_endpoint
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes import sequence
from ansible_collections.onprem.wandb.plugins.module_utils._object_store.probes.bucket import Bucket
from ansible_collections.onprem.wandb.plugins.module_utils._probe import ARGUMENTS, Prober, findings, report
from ansible_collections.onprem.wandb.plugins.module_utils._say import CORRECT, with_next

SPEC: dict[str, t.Any] = {
    **ADDRESS,
    "bucket": {"type": "str", "required": True},
    "region": {"type": "str", "default": "us-east-1"},
    "access_key": {"type": "str", "required": True, "no_log": False},
    "secret_key": {"type": "str", "required": True, "no_log": True},
    "addressing_style": {"type": "str", "choices": ["path", "virtual"], "default": "path"},
    "origins": {"type": "list", "elements": "str", "default": []},
    "prefix": {"type": "str"},
    "large_bytes": {"type": "int", "default": 0},
    "timeout": {"type": "int", "default": 10},
    "deadline": {"type": "int", "default": 120},
    "strict": {"type": "bool", "default": False},
    **ARGUMENTS,
}


def ask(params: dict[str, t.Any], directory: str, write: bool) -> Prober:
    """All questions; the answers are in the prober."""
    endpoint = Endpoint(params["endpoint"], params["connect_to"], params["ca_file"], params["timeout"])
    endpoint.pin()
    prober = Prober(params["deadline"], object_store_client.explain, object_store_client.ERRORS)
    probes_endpoint.ask(endpoint, prober)
    client = object_store_client.make_client(endpoint, params["access_key"], params["secret_key"], params["region"], params["addressing_style"], directory)
    prefix = params["prefix"] or f".onprem-wandb-check/{socket.gethostname()}"
    keys = (params["access_key"], params["secret_key"])
    bucket = Bucket(endpoint, client, params["bucket"], prefix, params["origins"], params["region"], keys, params["large_bytes"])
    sequence.ask(bucket, prober, write)
    return prober


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    params = module.params
    if object_store_client.BOTO3_ERROR:
        module.fail_json(msg=missing_required_lib("boto3 >= 1.34"), exception=object_store_client.BOTO3_ERROR)
    problem = names.bucket_problem(params["bucket"]) or names.region_problem(params["region"])
    if problem:
        module.fail_json(msg=f"At {params['endpoint']} {problem} Nothing was asked. {CORRECT}")
    try:
        with tempfile.TemporaryDirectory() as directory:
            prober = ask(params, directory, not module.check_mode)
    except (ValueError, OSError) as error:
        module.fail_json(msg=with_next(error))
    found = findings(prober.results, params["accept_findings"], params["strict"])
    reachable = prober.verdict("connect") == "pass"
    result = {"changed": False, "probes": prober.results, "findings": found, "reachable": reachable}
    if found and not params["report_only"] and (reachable or not module.check_mode):
        module.fail_json(msg=report(f"Bucket {params['bucket']} at {params['endpoint']}", prober.results, found), **result)
    module.exit_json(**result)
