# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what a role asks of its variables, one file per role. A rule is a function of one host that runs the role and yields findings.

The role runs its own rules before it changes anything (action check_variables); preflight runs those of all roles on all hosts. What needs
measurements of hosts or a look at several of them at once is a rule of preflight (_preflight/rules).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from .._preflight.model import Finding, Host, no_file


@dataclass(frozen=True)
class Place:
    """Where a rule looks."""

    host: Host
    groups: dict[str, list[str]] = field(default_factory=dict)
    read_file: Callable[[str], bytes | None] = no_file
    installing: bool = False  # a role is about to act: what earlier layers make must be there

    def empty(self, group: str) -> bool:
        """Whether a layer is the site's own: its group has no host."""
        return not self.groups.get(group)


Rule = Callable[[Place], Iterable[Finding]]


def judge(role: str, place: Place) -> Iterator[Finding]:
    """All findings of the rules of a role."""
    for rule in ROLES[role]:
        yield from rule(place)


def sentence(finding: Finding) -> str:
    """A finding where it stands alone."""
    return "%s: %s is %s; expected %s. Next: %s." % (finding.host, finding.variable, finding.value, finding.expected, finding.remedy)


from . import kubernetes, wandb  # the rules build on what stands above

ROLES: dict[str, tuple[Rule, ...]] = {"kubernetes": kubernetes.RULES, "wandb": wandb.RULES}
