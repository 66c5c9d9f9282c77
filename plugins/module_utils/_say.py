# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a refusal ends with. PRIVATE to the collection."""

from __future__ import annotations

import json
import re
import shlex

# The value came out of the inventory, or out of a role's default that the inventory replaces.
CORRECT = "Next: ansible-inventory -i <inventory> --list shows what the inventory says; correct it there."
# A name that no resolver is asked for (a label that is empty or too long) is no OSError in Python; a port or a time that cannot be is none either.
NOT_REACHED = (OSError, ValueError, OverflowError)
# What Ansible takes behind -e name= as it stands. It splits at blanks and takes quotes and backslashes away, after the shell has done so.
PLAIN = re.compile(r"[\w./:,+%=-]+\Z")


def extra(name: str, value: str) -> str:
    """An extra variable for a shell's command line that reaches the playbook as it is."""
    return f"-e {name}={value}" if PLAIN.match(value) else f"-e {shlex.quote(json.dumps({name: value}, ensure_ascii=False))}"


def with_next(error: object) -> str:
    """A refusal that may be a library's, with what to do about it."""
    text = str(error)
    return text if "Next: " in text else f"{text.rstrip('.')}. {CORRECT}"
