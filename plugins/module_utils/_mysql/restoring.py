# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a restore on a host got, in the words of its state file. PRIVATE to the collection.

mysql-backup writes them, the role guard starts no server in the middle of one, and the playbook decides by them what is left to do.
"""

from __future__ import annotations

import typing as t

from . import smallfile

# On the host that gets the restored data, in this order.
PREPARED, PLACING, OLD_MOVED, PLACED, OPENED = "prepared", "placing", "old data moved", "placed", "opened"
# On the other hosts.
LEAVING, ASIDE = "leaving", "setting aside"
HALF = (PLACING, OLD_MOVED, ASIDE)  # the data directory is not whole: no server may start on it, and none may be made in it


def fence_file(role_file: str) -> str:
    """What is looked at before a server is started. It only says where the state stands."""
    return role_file + ".restoring"


def half_done(role_file: str) -> dict[str, t.Any]:
    """The state of a restore that has the data directory in pieces; empty when there is none. A mark whose state is gone says nothing."""
    state = smallfile.read_json(str(smallfile.read_json(fence_file(role_file)).get("state") or "/dev/null"))
    return state if state.get("stage") in HALF else {}
