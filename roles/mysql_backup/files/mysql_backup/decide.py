# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who acts. Every host runs the same timers; the server's role at that moment says which one does the work."""

from __future__ import annotations

import typing as t

from .server import Look

# CLONE would wait with them, without an end.
WAITS = (
    "it is the primary, and its commits wait for a standby that is not there. "
    "Next: ansible-playbook onprem.wandb.mysql_status -i <inventory>; bring the standby back, or mysql_degrade"
)


STOPPED = "it is a standby whose replication is stopped: its data stand still"
DOWN = "the server does not run"
NEITHER = "it is read-only and follows nobody: neither primary nor standby"
FAULTS = (STOPPED, DOWN, NEITHER)  # not to act for one of these is nothing that should last


def acts(me: t.Optional[Look]) -> tuple[bool, str]:
    """Whether this host takes fulls, proves and expires them, and why or why not."""
    if me is None:
        return False, DOWN
    if me.channel:
        return (True, "it is the standby") if me.applying else (False, STOPPED)
    if not me.writable:
        return False, NEITHER
    if me.standbys:
        return False, f"it is the primary, and {me.standbys} standby attached does it"
    return True, "it is the primary, and no standby is attached"


def copies(me: t.Optional[Look]) -> tuple[bool, str]:
    """Whether this host takes a full backup now."""
    return (False, WAITS) if me is not None and me.acknowledged and not me.standbys and me.role == "primary" else acts(me)


def ships(me: t.Optional[Look], others_reach_back: bool, late: float = 0, patience: float = 0) -> tuple[bool, str]:
    """Whether this host ships binary logs.

    others_reach_back: the newest record in the repository is another server's, and everything before its first file is in the repository, too. A primary
    goes on until then: what it committed between its last run and the copy of a new standby is in its own logs only.
    late: seconds for which something that this server committed is in no record; patience: how long the standby is given for it. A standby that
    receives and does not apply acknowledges every commit and ships none, and nothing but the repository says so.
    """
    doing, why = acts(me)
    if doing or me is None or me.role != "primary":
        return doing, why
    if not others_reach_back:
        return True, "it is the primary, and the standby's binary logs do not yet reach back to what was shipped"
    if late > patience:
        return True, f"it is the primary, and its standby has not shipped for {late:.0f} s what was committed"
    return False, why
