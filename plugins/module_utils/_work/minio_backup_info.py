# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Age and result of the mirror of W&B's bucket."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._object_store import health

STATUS = "/var/lib/onprem-wandb/minio-backup/status.json"
SPEC: dict[str, t.Any] = {"path": {"type": "path", "default": STATUS}}


def run(module: AnsibleModule) -> t.NoReturn:
    """The module, once its arguments are good."""
    module.exit_json(changed=False, mirror=health.mirror(module.params["path"]))
