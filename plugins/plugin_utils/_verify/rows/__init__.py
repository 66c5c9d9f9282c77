# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: one row per requirement of W&B's Reference Architecture, and some of our own. One file per topic."""

from __future__ import annotations

import re

from .. import pod_network
from ..model import Facts, Row
from . import backup, entrance, kubernetes, mysql, object_store, site, storage

TOPICS = (site, kubernetes, mysql, backup, storage, object_store, entrance, pod_network)
RULES = tuple(rule for topic in TOPICS for rule in topic.RULES)


def order(row: Row) -> tuple[bool, int, str]:
    """RA-01 … RA-33 first, then our own, each by number."""
    number = re.search(r"\d+", row.id)
    return not row.id.startswith("RA-"), int(number.group()) if number else 0, row.id


def all_rows(facts: Facts) -> list[Row]:
    """Every row, in the order of the requirements."""
    return sorted((row for rule in RULES for row in rule(facts)), key=order)
