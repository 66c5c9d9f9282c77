# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release files: what the module artifact does on a host. PRIVATE to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._artifact import plan
from ansible_collections.onprem.wandb.plugins.module_utils._artifact import run as artifact_run

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC: dict[str, t.Any] = {
    "artifacts": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "url": {"type": "str", "required": True},
            "sha256": {"type": "str", "required": True},
            "format": {"type": "str", "choices": list(plan.FORMATS), "default": "binary"},
            "strip_components": {"type": "int", "default": 0},
            "links": {"type": "dict", "default": {}},
        },
    },
    "root": {"type": "path", "default": "/opt/onprem-wandb"},
    "keep": {"type": "int", "default": 2},
    "manage_links": {"type": "bool", "default": True},
    "force_links": {"type": "bool", "default": False},
    "retries": {"type": "int", "default": 5},
    "retry_pause": {"type": "float", "default": 1},
    "timeout": {"type": "int", "default": 30},
    "deadline": {"type": "int", "default": 900},
}


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """The work of one call."""
    umask = os.umask(0o022)  # programs are for everybody, whatever the umask of the login
    try:
        result = artifact_run.run(module.params, check=module.check_mode, relabel=_relabel(module))
    except plan.ArtifactError as error:
        module.fail_json(msg=str(error))
    finally:
        os.umask(umask)
    if not module._diff:
        del result["diff"]
    return result


def _relabel(module: AnsibleModule) -> t.Callable[[str, str], None]:
    """On a host with SELinux give a file the context that its final path has by the policy.

    A program outside a directory bin would be usr_t, which systemd does not start as an ordinary service: bin_t for it.
    """

    def label(path: str, final: str) -> None:
        if not module.selinux_enabled():
            return
        context = module.selinux_default_context(final)
        program = os.path.isfile(path) and not os.path.islink(path) and os.access(path, os.X_OK)
        if program and len(context) > 2 and context[2] == "usr_t":
            context[2] = "bin_t"
        module.set_context_if_different(path, context, False)

    return label
