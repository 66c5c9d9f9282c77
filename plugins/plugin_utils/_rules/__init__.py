# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: what a role asks of its variables, one file per role. A rule is a function of one host that runs the role and yields findings.

The role runs its own rules before it changes anything (action check_variables); preflight runs those of all roles on all hosts. What needs
measurements of hosts or a look at several of them at once is a rule of preflight (_preflight/rules).
"""

from __future__ import annotations

from collections.abc import Iterator

from .._preflight.model import Finding
from . import accept, kubernetes, minio, minio_backup, mysql, mysql_backup, redis, wandb
from .model import Place, Rule

ROLES: dict[str, tuple[Rule, ...]] = {
    "kubernetes": kubernetes.RULES,
    "minio": minio.RULES,
    "minio_backup": minio_backup.RULES,
    "mysql": mysql.RULES,
    "mysql_backup": mysql_backup.RULES,
    "redis": redis.RULES,
    "wandb": wandb.RULES,
}
# Only the role asks: what it needs comes with the call, and no site has to have it.
ON_CALL: dict[str, tuple[Rule, ...]] = {"accept": accept.RULES}


def judge(role: str, place: Place) -> Iterator[Finding]:
    """All findings of the rules of a role."""
    for rule in (ROLES | ON_CALL)[role]:
        yield from rule(place)
