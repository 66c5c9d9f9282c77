# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: several of the measuring modules in one call. Each runs as it would alone, and one that fails is an answer like any other."""

from __future__ import annotations

import functools
import importlib
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.onprem.wandb.plugins.module_utils import _side_by_side

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    # Ansible sends along what it sees imported. What is imported is only what is asked for: a host has not the libraries of all of them.
    from ansible_collections.onprem.wandb.plugins.module_utils._measured import (  # noqa: F401
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
        wandb_instance_info,
    )

Result = dict[str, t.Any]
PREFIX = "onprem.wandb."


class Ended(SystemExit):
    """A module has its result. Like the end of a process, so that nothing on the way takes it for an error."""

    def __init__(self, result: Result) -> None:
        super().__init__(0)
        self.result = result


class Alone:
    """The module as one of its measurements sees it: with its own arguments, and its result told to who asked."""

    def __init__(self, module: AnsibleModule, params: dict[str, t.Any]) -> None:
        self._module = module
        self.params = params

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._module, name)

    def exit_json(self, **result: t.Any) -> t.NoReturn:
        raise Ended(result)

    def fail_json(self, msg: str, **result: t.Any) -> t.NoReturn:
        result.pop("exception", None)
        raise Ended({"changed": False, **result, "failed": True, "msg": msg})


def ask(module: AnsibleModule, name: str, arguments: dict[str, t.Any]) -> Result:
    """The result of one module, without its secrets."""
    measuring = importlib.import_module(f"{__package__}.{name[len(PREFIX) :]}")
    secrets = {str(arguments[key]) for key, option in measuring.SPEC.items() if option.get("no_log") and arguments.get(key)}
    checked = ArgumentSpecValidator(measuring.SPEC).validate(arguments)
    result: Result = {"failed": True, "msg": "; ".join(checked.error_messages)}
    if not checked.error_messages:
        try:
            measuring.run(Alone(module, checked.validated_parameters))
        except Ended as end:
            result = end.result
    return t.cast(Result, remove_values(result, secrets))


def run(module: AnsibleModule) -> dict[str, Result]:
    """The results by name."""
    checks = module.params["checks"]
    jobs = [functools.partial(ask, module, check["module"], check.get("args") or {}) for check in checks.values()]
    return dict(zip(checks, _side_by_side.run_all(jobs)))
