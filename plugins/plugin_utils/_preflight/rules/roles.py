# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules that each role has for its own variables, on every host that would run it."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Site


def roles(site: Site) -> Iterator[Finding]:
    """What each role would refuse by itself, after the layers before it have changed something."""
    from ..._rules import ROLES, judge  # they build on the rules of this package
    from ..._rules.model import Place

    for role in ROLES:
        for host in site.targets(role):
            yield from judge(role, Place(host, site.groups, site.read_file))


RULES = (roles,)
