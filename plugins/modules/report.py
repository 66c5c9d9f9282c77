#!/usr/bin/python
# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of an action plugin: everything happens on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Print lines for people as plain text in 80 columns
version_added: 1.0.0
description:
  - Every report and plan of the collection that is not a table goes this way, so that it can be read in any terminal and behind any stdout callback.
  - Longer lines are folded and their rest is set in; a word that is longer than a line is broken, nothing is cut off.
author:
  - onprem team (@onprem)
extends_documentation_fragment:
  - onprem.wandb.reading
attributes:
  action:
    description: Runs on the controller.
    support: full
options:
  title:
    description: Heading, printed in capitals; empty for none.
    type: str
    default: ""
  lines:
    description: The lines. Blanks at the beginning of one are kept.
    type: list
    elements: str
    required: true
  folded:
    description: Fold longer lines. Not for commands that are to be pasted.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Show the pair
  onprem.wandb.report:
    title: MySQL
    lines: ["primary: db1", "  disk /var/lib/mysql: 900 of 1000 MiB free"]
"""

RETURN = r""" # """
