# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: which MySQL W&B takes. Preflight asks it about the wanted version, verify about the running one."""

from __future__ import annotations

import re

FLOOR_80 = (8, 0, 32)


def parse(text: str) -> tuple[int, ...]:
    """Leading numbers of a version; empty when it is none."""
    match = re.match(r"(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()


def series_problem(text: str) -> str:
    """Why W&B does not take a MySQL version; empty when it does."""
    found = parse(text)
    if "mariadb" in text.lower():
        return "W&B supports MySQL only, and MariaDB has no GTID of MySQL's kind"
    if len(found) < 2:
        return "write a full version such as 8.4.9"
    if found[:2] == (8, 0) and found < FLOOR_80:
        return "W&B needs 8.0.32 or newer of the 8.0 series"
    if found[:2] in ((8, 0), (8, 4), (9, 7)):
        return ""
    return "W&B is validated on 8.0 and 8.4; 9.7 is the LTS series after them; innovation releases and older series are not supported"
