# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directories of a host in MINIO_VOLUMES."""

from __future__ import annotations

DOCUMENTATION = r"""
name: minio_drives
author:
  - onprem team (@onprem)
short_description: Directories of a host in the volumes of a MinIO server
version_added: 1.0.0
description:
  - Expands expressions as the server does, and returns the directories of the host that is known by any of the given names.
  - A volume without a host is on every host.
positional: names
options:
  _input:
    description: Volumes, one expression per pool.
    type: list
    elements: str
    required: true
  names:
    description: Names and addresses of the host.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show the directories of store1
  ansible.builtin.debug:
    msg: "{{ ['https://store{1...4}.example.com:9000/mnt/disk{1...2}/minio'] | onprem.wandb.minio_drives(['store1.example.com']) }}"
"""

RETURN = r"""
_value:
  description: One entry per directory.
  type: list
  elements: dict
  sample: [{path: /mnt/disk1/minio}, {path: /mnt/disk2/minio}]
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.onprem.wandb.plugins.plugin_utils import _minio_volumes


def minio_drives(volumes: t.Sequence[str], names: t.Sequence[str] = ()) -> list[dict[str, str]]:
    """Directories as dictionaries, ready for combine."""
    try:
        return [{"path": path} for path in _minio_volumes.drives(volumes, names)]
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"minio_drives": minio_drives}
