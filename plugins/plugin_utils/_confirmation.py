# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: whether a person confirmed what cannot be taken back. Every play, role and plan asks here; nothing compares by itself."""

from __future__ import annotations

import typing as t

from ..module_utils._say import extra


def _text(value: t.Any) -> str:
    """Words and numbers as text; whatever else was given (nothing, a list, true) is no name."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value)


def confirmed(given: t.Any, site_name: t.Any) -> bool:
    """Whether the site's name was given. A site without a name can confirm nothing: an empty answer would equal it."""
    name = _text(site_name)
    return bool(name.strip()) and _text(given) == name


def problem(given: t.Any, site_name: t.Any, what: str, command: str, variable: str = "op_confirm") -> str:
    """Why it is not confirmed, as sentences with the command that confirms; empty when it is.

    what: a sentence about what would be done. command: the call without the confirmation. variable: the extra variable that takes the name.
    """
    if confirmed(given, site_name):
        return ""
    name = _text(site_name)
    seen = given if given is not None and str(given).strip() else "(not given)"
    if not name.strip():
        return (
            f"{what} Nothing was changed. Seen: site_name is empty or not set, {variable}={seen}; expected: a name of the site in the inventory, which "
            f"{variable} repeats. Next: set site_name: <name> in group_vars/all.yml of the inventory, then {command} -e {variable}=<name>"
        )
    return f"{what} Nothing was changed. Seen: {variable}={seen}; expected: the site's name, {name}. Next: {command} {extra(variable, name)}"
