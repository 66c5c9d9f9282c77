# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the transactions of a standby relate to those of its source. PRIVATE to the collection.

GTID sets are never parsed here: the server subtracts them (tags of 9.x included) and this module judges what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

IDENTICAL = "IDENTICAL"  # both hold the same
RECOVERABLE = "RECOVERABLE"  # the standby lacks some, and the source still has them in its binary logs
NEW = "NEW"  # the standby holds nothing
IRRECOVERABLE = "IRRECOVERABLE"  # the standby lacks some that the source has purged
DIVERGED = "DIVERGED"  # the standby holds transactions that the source does not know

ATTACH = "attach"
CLONE = "clone"
REFUSE = "refuse"


@dataclass(frozen=True)
class Comparison:
    """The four differences, as the server computed them."""

    executed: str = ""  # what the standby holds
    errant: str = ""  # held by the standby, not by the source
    missing: str = ""  # held by the source, not by the standby
    purged: str = ""  # the part of missing that the source cannot send any more

    @property
    def gtid_state(self) -> str:
        """One of the five classes."""
        if self.errant:
            return DIVERGED
        if not self.executed and self.missing:
            return NEW
        if self.purged:
            return IRRECOVERABLE
        return RECOVERABLE if self.missing else IDENTICAL


def action(state: str, reseed: str, accept_data_loss: bool = False, has_data: bool = False) -> str:
    """What may be done with a standby of this class.

    has_data: schemas of a user without any transaction; their origin is unknown, so they count like transactions of their own.
    """
    if has_data and state in (NEW, IDENTICAL):
        state = DIVERGED
    if state in (IDENTICAL, RECOVERABLE):
        return ATTACH
    if state == NEW:
        return CLONE if reseed in ("if_empty", "allow") else REFUSE
    if state == IRRECOVERABLE:
        return CLONE if reseed == "allow" else REFUSE
    return CLONE if reseed == "allow" and accept_data_loss else REFUSE
