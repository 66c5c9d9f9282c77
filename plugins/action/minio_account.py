# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module of the same name; on the controller in this very process."""

from __future__ import annotations

from ansible_collections.onprem.wandb.plugins.module_utils._work import minio_account
from ansible_collections.onprem.wandb.plugins.plugin_utils._here import Here


class ActionModule(Here):
    """Loads its S3 client before Ansible forks: else each task loads that again."""

    WORK = minio_account
