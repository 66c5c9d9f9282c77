# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from a version number of MySQL. PRIVATE to the collection."""

from __future__ import annotations

import re
import typing as t

OLDEST = (8, 0, 32)
CLONE_ACROSS = (8, 0, 37)  # from here on CLONE works between releases of one series


def parse(text: str) -> tuple[int, int, int]:
    """8.4.11, 8.0.46-0ubuntu0.24.04.5, 9.7.4-2 and 8.4.8-log all begin with three numbers."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    if not match:
        raise ValueError(f"{text!r} is no version of MySQL: it does not begin with three numbers.")
    return int(match.group(1)), int(match.group(2)), int(match.group(3))


def refusal(text: str) -> t.Optional[str]:
    """Why this server cannot be managed; None when it can."""
    if "mariadb" in text.lower():
        return f"the server is MariaDB ({text}); expected MySQL 8.0.32 or newer"
    if parse(text) < OLDEST:
        return f"the server is MySQL {text}; expected 8.0.32 or newer"
    return None


def clone_refusal(donor: str, recipient: str) -> t.Optional[str]:
    """Why CLONE cannot copy from the donor; None when it can."""
    one, two = parse(donor), parse(recipient)
    if one == two:
        return None
    if one[:2] != two[:2]:
        return f"CLONE needs the same series on both hosts: the donor is {donor}, this server is {recipient}"
    if min(one, two) < CLONE_ACROSS and one[:2] == (8, 0):
        return f"below 8.0.37 CLONE needs the same release on both hosts: the donor is {donor}, this server is {recipient}"
    return None


def replication_refusal(source: str, replica: str) -> t.Optional[str]:
    """Why the replica cannot follow the source; None when it can. A newer source than replica is not supported upstream."""
    if parse(source)[:2] > parse(replica)[:2]:
        return f"a standby must not be older than its source: the source is {source}, this server is {replica}; upgrade the standby first"
    return None
