# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a rule of a role looks, and how it is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .._preflight.model import Finding, Host, no_file
from .._preflight.types import TRUE_WORDS

NEXT = "Next: ansible-playbook onprem.wandb.preflight -i <inventory>"


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

    def says(self, name: str) -> bool:
        """Whether a switch is on. A role gets what -e name=true says as text; preflight refuses that text by the types."""
        value = self.host.variables.get(name)
        return value is True or (isinstance(value, str) and value.strip().lower() in TRUE_WORDS)


Rule = Callable[[Place], Iterable[Finding]]


def number(value: Any) -> float | None:
    """A number, also as text; None when it is none."""
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def sentence(finding: Finding) -> str:
    """A finding where it stands alone."""
    return "%s: %s is %s; expected %s. Correction: %s. %s" % (finding.host, finding.variable, finding.value, finding.expected, finding.remedy, NEXT)
