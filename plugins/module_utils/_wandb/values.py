# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One checksum for Helm values, as a site writes them and as Helm gives them back. PRIVATE to the collection."""

from __future__ import annotations

import hashlib
import json
import typing as t


def values_sha256(values: t.Any) -> str:
    """Helm keeps values as Go writes JSON: names are texts, numbers are floats, and a whole one has no fraction. 1.0 comes back as 1."""
    # Dates are texts to Helm, too.
    plain = json.loads(json.dumps(values, default=str), parse_int=_number, parse_float=_number)
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number
